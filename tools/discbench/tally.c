#include "tally.h"

void tally_error(struct tally *tally, unsigned long code)
{
    tally->errors++;
    tally->codes[code < CODES ? code : 0]++;
}
