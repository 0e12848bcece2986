#include "zero-loss/frame.h"

#include <string.h>

#define FINAL 0x80
#define MASKED 0x80

size_t frame_write(enum frame_kind kind, const char *payload, size_t length, uint32_t mask, char *out)
{
    unsigned char key[4];

    memcpy(key, &mask, sizeof(key));
    out[0] = (char)(FINAL | (unsigned)kind);
    out[1] = (char)(MASKED | (unsigned)length);
    memcpy(out + 2, key, sizeof(key));
    for (size_t i = 0; i < length; i++)
        out[6 + i] = (char)((unsigned char)payload[i] ^ key[i % sizeof(key)]);
    return 6 + length;
}

enum frame_verdict frame_read(const char *bytes, size_t length, struct frame *out)
{
    unsigned char first, second;

    if (length < 2)
        return FRAME_MORE;
    first = (unsigned char)bytes[0];
    second = (unsigned char)bytes[1];
    if (!(first & FINAL) || second > FRAME_PAYLOAD_MOST)
        return FRAME_GARBLED;
    *out = (struct frame){
        .kind = first & 0x0f, .payload = bytes + 2, .payload_length = second, .length = (size_t)second + 2};
    return length >= out->length ? FRAME_WHOLE : FRAME_MORE;
}
