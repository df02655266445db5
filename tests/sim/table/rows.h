/* The rows of the table: each runs one scenario under every set of rules that it makes
 * sense for, and prints its lines. Called by main in this order. */
#ifndef DISC_TESTS_SIM_TABLE_ROWS_H
#define DISC_TESTS_SIM_TABLE_ROWS_H

#include "sim/table/sheet.h"

void row_crash(struct sheet *s);   /* one host crashes */
void row_cut(struct sheet *s);     /* the network to some hosts is cut */
void row_loss(struct sheet *s);    /* datagrams are lost at random */
void row_half(struct sheet *s);    /* half of the fleet really dies */
void row_scale(struct sheet *s);   /* half of the fleet says goodbye */
void row_rolling(struct sheet *s); /* a deployment by kill -9 */
void row_restart(struct sheet *s); /* the registry is down for a while */
void row_calm(struct sheet *s);    /* habits that are no trouble */
void row_goodbye(struct sheet *s); /* how long a goodbye takes */

#endif
