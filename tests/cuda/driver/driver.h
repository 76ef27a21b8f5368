/* A driver of a GPU that is not there: what its parts share.
 *
 * The memory of the device is memory of the process. Work on a stream is kept in a queue and done as late as it can
 * be, when somebody waits for it, so that who reads too soon gets what was there before. What a kernel computes is
 * not known here: a function that is told by `imitated_kernels` runs it.
 *
 * Whoever does what a real driver forbids, or what nobody can mean, is noticed: see `notice`.
 */
#ifndef NUMBADYN_TESTS_DRIVER_H
#define NUMBADYN_TESTS_DRIVER_H

#include <cuda.h>
#include <stddef.h>

enum kind { LAUNCH, COPY, MARK, GRAPH };

/* A kernel of a module that was loaded. */
struct kernel {
    char *name;
};

/* A mark in the work of a stream. */
struct event {
    int passed;
    struct stream *stream;
};

/* Something that a stream has to do; which fields are used depends on the kind. */
struct task {
    enum kind kind;
    struct task *next;
    struct kernel *kernel;
    unsigned blocks;
    unsigned threads;
    int cooperative;
    int count;
    unsigned long long *arguments;
    void *target;
    const void *source;
    void *taken; /* the copy of what the host may change at once */
    size_t size;
    struct event *event;
    struct graph *graph;
};

struct queue {
    struct task *first;
    struct task *last;
};

/* Launches that were recorded; a graph, and what is made of it to be launched, are the same here. */
struct graph {
    struct queue tasks;
};

struct stream {
    unsigned flags;
    struct queue tasks;
    int capturing;
    int spoilt; /* the capture has failed */
    struct graph *graph;
    struct stream *next;
};

/* How many calls there were, for tests that ask. */
struct counts {
    long launches;
    long graph_launches;
    long captured;
    long allocations;
    long used_bytes;
};

extern struct counts counts;

/* Leave the function with the error if the device is lost or this thread has no context, of which the latter is
 * noticed. */
#define ENTER(name)                    \
    do {                               \
        CUresult entered = enter(name); \
        if (entered != CUDA_SUCCESS) { \
            return entered;            \
        }                              \
    } while (0)

/* device.c */
void notice(const char *format, ...);
CUresult enter(const char *name);
CUresult lost(void);
int fitting_blocks(void);
int blocks_each(void);

/* memory.c */
void check_argument(const char *kernel, unsigned long long value);

/* streams.c */
struct stream *stream_of(CUstream handle);
struct task *put(struct stream *stream, enum kind kind);
CUresult drain(struct stream *stream);
CUresult enter_legacy(const char *name);
int somebody_captures(void);

/* kernels.c */
int count_arguments(const struct kernel *kernel);
void run_kernel(const struct task *task);

#endif
