/* Streams, whose work is done late, events, and captures.
 *
 * Noticed: a call on the legacy stream while a stream captures that waits for it; waiting for a stream that captures; a
 * capture on the legacy stream; freeing a stream that captures.
 */
#include "driver.h"

#include <stdlib.h>
#include <string.h>

static struct stream *streams;
static struct stream legacy;

struct stream *stream_of(CUstream handle)
{
    if (handle == NULL || handle == CU_STREAM_LEGACY || handle == CU_STREAM_PER_THREAD) {
        return &legacy;
    }
    return (struct stream *)handle;
}

/* ---- work ---- */

static void append(struct queue *queue, struct task *task)
{
    if (queue->last != NULL) {
        queue->last->next = task;
    } else {
        queue->first = task;
    }
    queue->last = task;
}

/* A new task, done later; on a stream that captures it becomes part of the graph. */
struct task *put(struct stream *stream, enum kind kind)
{
    struct task *task = calloc(1, sizeof *task);

    task->kind = kind;
    if (stream->capturing) {
        append(&stream->graph->tasks, task);
        counts.captured++;
    } else {
        append(&stream->tasks, task);
    }
    return task;
}

static void perform(struct task *task)
{
    struct task *inner;

    switch (task->kind) {
    case LAUNCH:
        run_kernel(task);
        break;
    case COPY:
        memmove(task->target, task->source, task->size);
        break;
    case MARK:
        task->event->passed = 1;
        break;
    case GRAPH:
        for (inner = task->graph->tasks.first; inner != NULL && lost() == CUDA_SUCCESS; inner = inner->next) {
            perform(inner);
        }
        break;
    }
}

/* Do the oldest task; a device that is lost does nothing. */
static void advance(struct stream *stream)
{
    struct task *task = stream->tasks.first;

    stream->tasks.first = task->next;
    if (task->next == NULL) {
        stream->tasks.last = NULL;
    }
    if (lost() == CUDA_SUCCESS) {
        perform(task);
    }
    free(task->taken);
    free(task->arguments);
    free(task);
}

CUresult drain(struct stream *stream)
{
    while (stream->tasks.first != NULL) {
        advance(stream);
    }
    return lost();
}

static int waits_for_legacy(const struct stream *stream)
{
    return (stream->flags & CU_STREAM_NON_BLOCKING) == 0;
}

int somebody_captures(void)
{
    struct stream *stream;

    for (stream = streams; stream != NULL; stream = stream->next) {
        if (stream->capturing && waits_for_legacy(stream)) {
            return 1;
        }
    }
    return 0;
}

/* The legacy stream and those that are not said to be apart from it wait for each other. */
CUresult enter_legacy(const char *name)
{
    int captured = somebody_captures();
    struct stream *stream;

    if (captured) {
        notice("%s on the legacy stream while a stream captures that waits for it", name);
    }
    for (stream = streams; stream != NULL; stream = stream->next) {
        if (captured && stream->capturing) {
            stream->spoilt = 1;
        }
        if (!captured && waits_for_legacy(stream)) {
            drain(stream);
        }
    }
    return captured ? CUDA_ERROR_STREAM_CAPTURE_IMPLICIT : drain(&legacy);
}

/* ---- streams ---- */

CUresult cuStreamCreate(CUstream *handle, unsigned flags)
{
    struct stream *stream;

    ENTER("cuStreamCreate");
    stream = calloc(1, sizeof *stream);
    stream->flags = flags;
    stream->next = streams;
    streams = stream;
    *handle = (CUstream)stream;
    return CUDA_SUCCESS;
}

/* What is on its way is done before, and the stream itself stays, so that a later use can be seen. */
CUresult cuStreamDestroy(CUstream handle)
{
    struct stream *stream = stream_of(handle);

    if (stream->capturing) {
        notice("cuStreamDestroy of a stream that captures");
    }
    return drain(stream);
}

CUresult cuStreamSynchronize(CUstream handle)
{
    struct stream *stream = stream_of(handle);

    ENTER("cuStreamSynchronize");
    if (stream->capturing) {
        notice("cuStreamSynchronize of a stream that captures");
        stream->spoilt = 1;
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    return stream == &legacy ? enter_legacy("cuStreamSynchronize") : drain(stream);
}

CUresult cuStreamGetCtx(CUstream handle, CUcontext *context)
{
    (void)handle;
    ENTER("cuStreamGetCtx");
    return cuCtxGetCurrent(context);
}

CUresult cuStreamGetFlags(CUstream handle, unsigned *flags)
{
    *flags = stream_of(handle)->flags;
    return CUDA_SUCCESS;
}

/* ---- events ---- */

CUresult cuEventCreate(CUevent *handle, unsigned flags)
{
    (void)flags;
    ENTER("cuEventCreate");
    *handle = (CUevent)calloc(1, sizeof(struct event));
    return CUDA_SUCCESS;
}

/* Some task may still point to the event, which therefore stays. */
CUresult cuEventDestroy(CUevent handle)
{
    (void)handle;
    return lost();
}

CUresult cuEventRecord(CUevent handle, CUstream on)
{
    struct event *event = (struct event *)handle;

    ENTER("cuEventRecord");
    event->stream = stream_of(on);
    event->passed = 0;
    put(event->stream, MARK)->event = event;
    return CUDA_SUCCESS;
}

CUresult cuEventSynchronize(CUevent handle)
{
    struct event *event = (struct event *)handle;

    ENTER("cuEventSynchronize");
    while (event->stream != NULL && !event->passed && event->stream->tasks.first != NULL) {
        advance(event->stream);
    }
    return lost();
}

/* ---- captures ---- */

CUresult cuStreamBeginCapture(CUstream handle, CUstreamCaptureMode mode)
{
    struct stream *stream = stream_of(handle);

    (void)mode;
    ENTER("cuStreamBeginCapture");
    if (stream == &legacy) {
        notice("cuStreamBeginCapture on the legacy stream");
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    stream->capturing = 1;
    stream->spoilt = 0;
    stream->graph = calloc(1, sizeof *stream->graph);
    return CUDA_SUCCESS;
}

CUresult cuStreamEndCapture(CUstream handle, CUgraph *graph)
{
    struct stream *stream = stream_of(handle);

    if (!stream->capturing) {
        return CUDA_ERROR_ILLEGAL_STATE;
    }
    stream->capturing = 0;
    *graph = stream->spoilt ? NULL : (CUgraph)stream->graph;
    return stream->spoilt ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED : CUDA_SUCCESS;
}

CUresult cuStreamGetCaptureInfo(CUstream handle, CUstreamCaptureStatus *status, cuuint64_t *number, CUgraph *graph,
                                const CUgraphNode **nodes, const CUgraphEdgeData **edges, size_t *count)
{
    struct stream *stream = stream_of(handle);

    *status = CU_STREAM_CAPTURE_STATUS_NONE;
    if (stream->capturing) {
        *status = stream->spoilt ? CU_STREAM_CAPTURE_STATUS_INVALIDATED : CU_STREAM_CAPTURE_STATUS_ACTIVE;
    }
    if (number != NULL) {
        *number = 1;
    }
    if (graph != NULL) {
        *graph = (CUgraph)stream->graph;
    }
    if (nodes != NULL) {
        *nodes = NULL;
    }
    if (edges != NULL) {
        *edges = NULL;
    }
    if (count != NULL) {
        *count = 0;
    }
    return CUDA_SUCCESS;
}

CUresult cuStreamIsCapturing(CUstream handle, CUstreamCaptureStatus *status)
{
    return cuStreamGetCaptureInfo(handle, status, NULL, NULL, NULL, NULL, NULL);
}
