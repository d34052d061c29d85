#include "tml.h"

/* Shares of the sum. Comparisons with NaN are false, so NaN counts as 0; the limit keeps the sum finite. */
void normalize(const float x[3], float out[3])
{
    float counts[3];
    float sum = 0.0f;
    for (int i = 0; i < 3; i++) {
        counts[i] = x[i] > 0.0f ? tml_min(x[i], 1e30f) : 0.0f;
        sum += counts[i];
    }
    for (int i = 0; i < 3; i++)
        out[i] = sum > 0.0f ? counts[i] / sum : 1.0f / 3.0f;
}
