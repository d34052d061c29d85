#include "support.h"
/* Shortest paths by a binary heap, all pairs by Floyd and Warshall, components by union and find, a spanning tree, a topological order. */
enum { NODES = 16, FAR = 0x3fff };
static uint16_t cost[NODES][NODES], all[NODES][NODES], distance[NODES];
static uint8_t parent[NODES], order[NODES];
struct item { uint16_t key; uint8_t node; };
static struct item heap[64];
static int size;
static void push(uint16_t key, uint8_t node) {
    int at = size++;
    for (; at && heap[(at - 1) / 2].key > key; at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
    heap[at] = (struct item){key, node};
}
static struct item pop(void) {
    struct item top = heap[0], last = heap[--size];
    int at = 0, child;
    while ((child = 2 * at + 1) < size) {
        child += child + 1 < size && heap[child + 1].key < heap[child].key;
        if (heap[child].key >= last.key) break;
        heap[at] = heap[child], at = child;
    }
    heap[at] = last;
    return top;
}
static void dijkstra(uint8_t from) {
    for (int i = 0; i < NODES; i++) distance[i] = FAR;
    distance[from] = 0;
    push(0, from);
    while (size) {
        struct item item = pop();
        if (item.key > distance[item.node]) continue;
        for (uint8_t to = 0; to < NODES; to++) {
            uint16_t length = (uint16_t)(item.key + cost[item.node][to]);
            if (length < distance[to]) distance[to] = length, push(length, to);
        }
    }
}
static uint8_t root(uint8_t at) { while (parent[at] != at) at = parent[at] = parent[parent[at]]; return at; }
static uint32_t spanning(void) {
    uint32_t total = 0;
    for (uint8_t i = 0; i < NODES; i++) parent[i] = i;
    for (uint16_t weight = 0; weight < 64; weight++) for (uint8_t i = 0; i < NODES; i++) for (uint8_t j = 0; j < i; j++)
        if (cost[i][j] == weight && root(i) != root(j)) parent[root(i)] = root(j), total += weight;
    return total;
}
static int topological(void) {
    int count = 0;
    uint32_t done = 0;
    for (int again = 1; again;) {
        again = 0;
        for (int i = 0; i < NODES; i++) {
            uint32_t before = 0;
            for (int j = 0; j < i; j++) before |= (uint32_t)(cost[j][i] < 40) << j;
            if (!(done >> i & 1) && (before & ~done) == 0) done |= 1u << i, order[count++] = (uint8_t)i, again = 1;
        }
    }
    return count;
}

int program(void) {
    int wrong = 0;
    for (int i = 0; i < NODES; i++) for (int j = 0; j <= i; j++) cost[i][j] = cost[j][i] = all[i][j] = all[j][i] = i == j ? 0 : random_word() % 4 ? FAR : (uint16_t)(random_word() % 60 + 1);
    for (int k = 0; k < NODES; k++) for (int i = 0; i < NODES; i++) for (int j = 0; j < NODES; j++)
        if (all[i][k] + all[k][j] < all[i][j]) all[i][j] = (uint16_t)(all[i][k] + all[k][j]);
    for (uint8_t from = 0; from < NODES; from += 5) {
        dijkstra(from);
        for (int i = 0; i < NODES; i++) mix(distance[i]), wrong += distance[i] != all[from][i] && all[from][i] < FAR;
    }
    say_hex(spanning());
    mix((uint32_t)topological());
    for (int i = 0; i < NODES; i++) mix(order[i]), mix(root((uint8_t)i));
    return wrong;
}
