// SHA-256 and SHA-1 as FIPS 180-4 describes them, portable C. In C because they must be fast in debug builds too, and
// here because a crypto package would add a BoringSSL build of minutes for two functions that protect no secret.
#include "CLinux.h"

#include <string.h>

static inline uint32_t rotate_left(uint32_t x, int n) { return x << n | x >> (32 - n); }
static inline uint32_t rotate_right(uint32_t x, int n) { return x >> n | x << (32 - n); }

static inline uint32_t load_big_endian(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline void store_big_endian(uint8_t *p, uint32_t value) {
    p[0] = (uint8_t)(value >> 24);
    p[1] = (uint8_t)(value >> 16);
    p[2] = (uint8_t)(value >> 8);
    p[3] = (uint8_t)value;
}

typedef void (*compress_function)(uint32_t *h, const uint8_t *block, size_t blocks);

// Both hashes cut the message into blocks of 64 bytes in the same way: fills up the block begun, then passes whole
// blocks straight from the input, then keeps the rest.
static void absorb(uint32_t *h, uint8_t *block, uint64_t *length, const uint8_t *bytes, size_t count,
                   compress_function compress) {
    if (count == 0) return;
    size_t used = *length % 64;
    *length += count;
    if (used > 0) {
        size_t room = 64 - used;
        size_t take = count < room ? count : room;
        memcpy(block + used, bytes, take);
        bytes += take;
        count -= take;
        if (take < room) return;
        compress(h, block, 1);
    }
    compress(h, bytes, count / 64);
    memcpy(block, bytes + count / 64 * 64, count % 64);
}

// The padding: one bit, zeros, and the message's length in bits in the last eight bytes of a block.
static void finish(uint32_t *h, uint8_t *block, uint64_t length, compress_function compress) {
    size_t used = length % 64;
    block[used++] = 0x80;
    if (used > 56) {
        memset(block + used, 0, 64 - used);
        compress(h, block, 1);
        used = 0;
    }
    memset(block + used, 0, 56 - used);
    store_big_endian(block + 56, (uint32_t)(length >> 29));
    store_big_endian(block + 60, (uint32_t)(length << 3));
    compress(h, block, 1);
}

// ---- SHA-256 -------------------------------------------------------------------------------------------------------

static const uint32_t sha256_k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static void sha256_compress(uint32_t *h, const uint8_t *block, size_t blocks) {
    for (; blocks > 0; blocks--, block += 64) {
        uint32_t w[64];
        for (int t = 0; t < 16; t++) w[t] = load_big_endian(block + 4 * t);
        for (int t = 16; t < 64; t++) {
            uint32_t s0 = rotate_right(w[t - 15], 7) ^ rotate_right(w[t - 15], 18) ^ w[t - 15] >> 3;
            uint32_t s1 = rotate_right(w[t - 2], 17) ^ rotate_right(w[t - 2], 19) ^ w[t - 2] >> 10;
            w[t] = w[t - 16] + s0 + w[t - 7] + s1;
        }
        uint32_t v[8];
        memcpy(v, h, sizeof v);
        for (int t = 0; t < 64; t++) {
            uint32_t s1 = rotate_right(v[4], 6) ^ rotate_right(v[4], 11) ^ rotate_right(v[4], 25);
            uint32_t choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
            uint32_t first = v[7] + s1 + choice + sha256_k[t] + w[t];
            uint32_t s0 = rotate_right(v[0], 2) ^ rotate_right(v[0], 13) ^ rotate_right(v[0], 22);
            uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
            v[7] = v[6];
            v[6] = v[5];
            v[5] = v[4];
            v[4] = v[3] + first;
            v[3] = v[2];
            v[2] = v[1];
            v[1] = v[0];
            v[0] = first + s0 + majority;
        }
        for (int i = 0; i < 8; i++) h[i] += v[i];
    }
}

void clinux_sha256_init(struct clinux_sha256 *state) {
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(state->h, start, sizeof start);
    state->length = 0;
}

void clinux_sha256_update(struct clinux_sha256 *state, const void *bytes, size_t count) {
    absorb(state->h, state->block, &state->length, bytes, count, sha256_compress);
}

void clinux_sha256_final(struct clinux_sha256 *state, uint8_t *digest) {
    finish(state->h, state->block, state->length, sha256_compress);
    for (int i = 0; i < 8; i++) store_big_endian(digest + 4 * i, state->h[i]);
}

// ---- SHA-1 ---------------------------------------------------------------------------------------------------------

static void sha1_compress(uint32_t *h, const uint8_t *block, size_t blocks) {
    for (; blocks > 0; blocks--, block += 64) {
        uint32_t w[80];
        for (int t = 0; t < 16; t++) w[t] = load_big_endian(block + 4 * t);
        for (int t = 16; t < 80; t++) w[t] = rotate_left(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
        uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int t = 0; t < 80; t++) {
            uint32_t f, k;
            if (t < 20) {
                f = (b & c) | (~b & d);
                k = 0x5a827999;
            } else if (t < 40) {
                f = b ^ c ^ d;
                k = 0x6ed9eba1;
            } else if (t < 60) {
                f = (b & c) | (b & d) | (c & d);
                k = 0x8f1bbcdc;
            } else {
                f = b ^ c ^ d;
                k = 0xca62c1d6;
            }
            uint32_t next = rotate_left(a, 5) + f + e + k + w[t];
            e = d;
            d = c;
            c = rotate_left(b, 30);
            b = a;
            a = next;
        }
        h[0] += a;
        h[1] += b;
        h[2] += c;
        h[3] += d;
        h[4] += e;
    }
}

void clinux_sha1_init(struct clinux_sha1 *state) {
    static const uint32_t start[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    memcpy(state->h, start, sizeof start);
    state->length = 0;
}

void clinux_sha1_update(struct clinux_sha1 *state, const void *bytes, size_t count) {
    absorb(state->h, state->block, &state->length, bytes, count, sha1_compress);
}

void clinux_sha1_final(struct clinux_sha1 *state, uint8_t *digest) {
    finish(state->h, state->block, state->length, sha1_compress);
    for (int i = 0; i < 5; i++) store_big_endian(digest + 4 * i, state->h[i]);
}
