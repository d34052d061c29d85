/* The application of the fruit sorter: called once an inference, with a score a class and the best class. */
#include "tml.h"

void announce(const float scores[3], uint8_t label);

void announce(const float scores[3], uint8_t label)
{
    static const char *const names[] = {"apple", "banana", "orange"};

    if (label >= 3 || scores[label] < 0.6f) {
        tml_print("not sure\n");
        return;
    }
    tml_print(names[label]);
    tml_print(" ");
    tml_print_int((int32_t)(scores[label] * 100.0f));
    tml_print(" %\n");
    tml_led(0, true);
}
