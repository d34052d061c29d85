#include "support.h"
/* Floats in structures: quaternions from rates, a complementary filter, a Kalman filter, a PID loop, statistics of windows. */
struct vector { float x, y, z; };
struct quaternion { float w; struct vector v; };
static float root(float x) {
    float guess = x > 1 ? x : 1;
    for (int i = 0; i < 9; i++) guess = 0.5f * (guess + x / guess);
    return guess;
}
static struct vector cross(struct vector a, struct vector b) { return (struct vector){a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x}; }
static float dot(struct vector a, struct vector b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
static struct quaternion multiply(struct quaternion a, struct quaternion b) {
    struct vector c = cross(a.v, b.v);
    return (struct quaternion){a.w * b.w - dot(a.v, b.v), {a.w * b.v.x + b.w * a.v.x + c.x, a.w * b.v.y + b.w * a.v.y + c.y, a.w * b.v.z + b.w * a.v.z + c.z}};
}
static struct quaternion unit(struct quaternion q) {
    float scale = 1.0f / root(q.w * q.w + dot(q.v, q.v));
    return (struct quaternion){q.w * scale, {q.v.x * scale, q.v.y * scale, q.v.z * scale}};
}
struct kalman { float x[2], p[2][2]; };
static void track(struct kalman *k, float measured, float dt) {
    k->x[0] += dt * k->x[1];
    k->p[0][0] += dt * (dt * k->p[1][1] - k->p[0][1] - k->p[1][0] + 0.001f), k->p[0][1] -= dt * k->p[1][1], k->p[1][0] -= dt * k->p[1][1], k->p[1][1] += 0.003f * dt;
    float s = k->p[0][0] + 0.03f, gain[2] = {k->p[0][0] / s, k->p[1][0] / s}, error = measured - k->x[0], p0 = k->p[0][0], p1 = k->p[0][1];
    for (int i = 0; i < 2; i++) k->x[i] += gain[i] * error, k->p[i][0] -= gain[i] * p0, k->p[i][1] -= gain[i] * p1;
}

int program(void) {
    struct quaternion attitude = {1, {0, 0, 0}};
    struct kalman kalman = {{0, 0}, {{1, 0}, {0, 1}}};
    float integral = 0, before = 0, plant = 0, mean = 0, spread = 0, peak = 0;
    for (int i = 1; i <= 16; i++) {
        struct vector rate = {(float)((int32_t)random_word() >> 16) * 0x1p-13f, (float)((int32_t)random_word() >> 16) * 0x1p-13f, 0.25f};
        attitude = unit(multiply(attitude, (struct quaternion){1, {rate.x * 0.005f, rate.y * 0.005f, rate.z * 0.005f}}));
        track(&kalman, attitude.v.x * 2.0f, 0.01f);
        float error = 1.0f - plant;
        integral += error * 0.01f, integral = integral > 0.5f ? 0.5f : integral;
        plant += (2.0f * error + 4.0f * integral + 0.01f * (error - before) - plant) * 0.1f, before = error;
        float delta = plant - mean;
        mean += delta / (float)i, spread += delta * (plant - mean), peak = plant > peak ? plant : peak;
        mix_float(attitude.w), mix_float(attitude.v.z), mix_float(kalman.x[0]), mix_float(kalman.x[1]), mix_float(plant);
    }
    mix_float(mean), mix_float(spread / 16.0f), mix_float(peak);
    say_hex((uint32_t)(int32_t)(attitude.w * 1e6f)), say_hex((uint32_t)(int32_t)(plant * 1e6f));
    return 0;
}
