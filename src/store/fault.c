#include "store/fault.h"

#include <stdarg.h>
#include <stdio.h>

enum err fault_say(char fault[static STORE_FAULT_TEXT], enum err err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(fault, STORE_FAULT_TEXT, format, args);
    va_end(args);
    return err;
}
