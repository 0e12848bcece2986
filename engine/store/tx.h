#ifndef ENGINE_STORE_TX_H
#define ENGINE_STORE_TX_H

/* For record.c: what a writer does when it closes. Its own pages go into the file; nothing happens if it wrote none. */

struct record;

void tx_last_checkpoint(struct record *record);

#endif
