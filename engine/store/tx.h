#ifndef ENGINE_STORE_TX_H
#define ENGINE_STORE_TX_H

/* For record.c: closes the SQLite handle, whose statements are finalized. A reader never checkpoints. */

struct record;

void tx_close(struct record *record);

#endif
