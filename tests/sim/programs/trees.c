#include "support.h"
/* A balanced (AVL) tree in a pool: insertion, deletion, traversal, order statistics. */
struct node { int16_t left, right; uint16_t key; int8_t height; uint8_t count; };
static struct node pool[80];
static int16_t unused;

static int height(int16_t at) { return at < 0 ? 0 : pool[at].height; }
static void update(int16_t at) {
    int l = height(pool[at].left), r = height(pool[at].right);
    pool[at].height = (int8_t)((l > r ? l : r) + 1);
}
static int16_t turn(int16_t at, int right) {
    int16_t child = right ? pool[at].left : pool[at].right;
    if (right) pool[at].left = pool[child].right, pool[child].right = at;
    else pool[at].right = pool[child].left, pool[child].left = at;
    update(at), update(child);
    return child;
}
static int16_t balance(int16_t at) {
    update(at);
    int lean = height(pool[at].left) - height(pool[at].right);
    if (lean > 1) {
        if (height(pool[pool[at].left].left) < height(pool[pool[at].left].right)) pool[at].left = turn(pool[at].left, 0);
        return turn(at, 1);
    }
    if (lean < -1) {
        if (height(pool[pool[at].right].right) < height(pool[pool[at].right].left)) pool[at].right = turn(pool[at].right, 1);
        return turn(at, 0);
    }
    return at;
}
static int16_t insert(int16_t at, uint16_t key) {
    if (at < 0) {
        int16_t fresh = unused;
        unused = pool[fresh].left;
        pool[fresh] = (struct node){-1, -1, key, 1, 1};
        return fresh;
    }
    if (key == pool[at].key) pool[at].count++;
    else if (key < pool[at].key) pool[at].left = insert(pool[at].left, key);
    else pool[at].right = insert(pool[at].right, key);
    return balance(at);
}
static int16_t remove_key(int16_t at, uint16_t key) {
    if (at < 0) return at;
    if (key < pool[at].key) pool[at].left = remove_key(pool[at].left, key);
    else if (key > pool[at].key) pool[at].right = remove_key(pool[at].right, key);
    else if (pool[at].left < 0 || pool[at].right < 0) {
        int16_t rest = pool[at].left < 0 ? pool[at].right : pool[at].left;
        pool[at].left = unused, unused = at;
        return rest;
    } else {
        int16_t next = pool[at].right;
        while (pool[next].left >= 0) next = pool[next].left;
        pool[at].key = pool[next].key, pool[at].count = pool[next].count;
        pool[at].right = remove_key(pool[at].right, pool[next].key);
    }
    return balance(at);
}
static int walk(int16_t at, int rank) {
    if (at < 0) return rank;
    rank = walk(pool[at].left, rank);
    mix((uint32_t)rank << 24 | (uint32_t)pool[at].count << 16 | pool[at].key);
    return walk(pool[at].right, rank + 1);
}

int program(void) {
    int16_t root = -1;
    for (int16_t i = 0; i < 80; i++) pool[i].left = (int16_t)(i < 79 ? i + 1 : -1);
    for (int i = 0; i < 200; i++) {
        uint16_t key = random_word() & 63;
        root = random_word() % 3 ? insert(root, key) : remove_key(root, key);
        if (i % 50 == 49) say_hex((uint32_t)walk(root, 0) << 8 | (uint32_t)height(root));
    }
    return 0;
}
