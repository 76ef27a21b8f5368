/* Memory of the device, and copies.
 *
 * New memory is filled with one value and freed memory with another one; freed memory is never given to anybody again,
 * and kept. Noticed: a copy from or to freed memory, beyond the end of an array or to where no memory is; an argument
 * of a kernel that points to freed memory; something else in freed memory than what it was filled with.
 */
#include "driver.h"

#include <stdlib.h>
#include <string.h>

#define NEW 0xAB
#define FREED 0xEF
#define ALIGNMENT 256

struct block {
    char *begin;
    size_t size;
    int freed;
    struct block *next;
};

static struct block *blocks;
static const size_t total = (size_t)80 << 30;
static size_t room = (size_t)80 << 30;

/* Only so many bytes can be had in all. */
void imitated_room(size_t bytes)
{
    room = bytes == 0 ? total : bytes;
}

static struct block *block_of(const char *address)
{
    struct block *block;

    for (block = blocks; block != NULL; block = block->next) {
        if (address >= block->begin && address < block->begin + block->size) {
            return block;
        }
    }
    return NULL;
}

void check_argument(const char *kernel, unsigned long long value)
{
    struct block *block = block_of((const char *)(size_t)value);

    if (block != NULL && block->freed) {
        notice("a kernel is given freed memory: %s", kernel);
    }
}

/* Look whether somebody has written to freed memory. */
void imitated_look_at_freed_memory(void)
{
    struct block *block;
    size_t place;

    for (block = blocks; block != NULL; block = block->next) {
        for (place = 0; block->freed && place < block->size; place++) {
            if ((unsigned char)block->begin[place] != FREED) {
                notice("freed memory of %zu bytes was written to", block->size);
                break;
            }
        }
    }
}

static CUresult check_range(const char *name, CUdeviceptr address, size_t size)
{
    char *begin = (char *)(size_t)address;
    struct block *block = block_of(begin);

    if (block == NULL || begin + size > block->begin + block->size) {
        notice("%s of %zu bytes where there is no memory", name, size);
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (block->freed) {
        notice("%s of %zu bytes of freed memory", name, size);
        return CUDA_ERROR_INVALID_VALUE;
    }
    return CUDA_SUCCESS;
}

/* ---- memory ---- */

CUresult cuDeviceTotalMem(size_t *bytes, CUdevice device)
{
    (void)device;
    *bytes = total;
    return CUDA_SUCCESS;
}

CUresult cuMemGetInfo(size_t *unused, size_t *all)
{
    size_t used = (size_t)counts.used_bytes;

    ENTER("cuMemGetInfo");
    *unused = used < room ? room - used : 0;
    *all = total;
    return CUDA_SUCCESS;
}

CUresult cuMemAlloc(CUdeviceptr *address, size_t size)
{
    struct block *block;
    void *begin;

    ENTER("cuMemAlloc");
    if (size == 0) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    if ((size_t)counts.used_bytes + size > room || posix_memalign(&begin, ALIGNMENT, size) != 0) {
        return CUDA_ERROR_OUT_OF_MEMORY;
    }
    memset(begin, NEW, size);
    block = calloc(1, sizeof *block);
    block->begin = begin;
    block->size = size;
    block->next = blocks;
    blocks = block;
    counts.allocations++;
    counts.used_bytes += (long)size;
    *address = (CUdeviceptr)(size_t)begin;
    return CUDA_SUCCESS;
}

/* Waits for all work, as a real driver does. */
CUresult cuMemFree(CUdeviceptr address)
{
    struct block *block = block_of((const char *)(size_t)address);
    CUresult result;

    ENTER("cuMemFree");
    if (block == NULL || block->freed || block->begin != (char *)(size_t)address) {
        notice("cuMemFree of what is not there, or no longer");
        return CUDA_ERROR_INVALID_VALUE;
    }
    result = enter_legacy("cuMemFree");
    block->freed = 1;
    memset(block->begin, FREED, block->size);
    counts.used_bytes -= (long)block->size;
    return result;
}

/* ---- copies ---- */

static CUresult enter_copy(const char *name, CUdeviceptr address, size_t size)
{
    CUresult result = enter_legacy(name);

    return result == CUDA_SUCCESS ? check_range(name, address, size) : result;
}

/* Copies while a stream captures would become part of its graph, which nobody here means. */
static CUresult enter_queued(const char *name, struct stream *stream, CUdeviceptr address, size_t size)
{
    if (stream->capturing) {
        notice("%s on a stream that captures", name);
        stream->spoilt = 1;
        return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    }
    return check_range(name, address, size);
}

CUresult cuMemcpyHtoD(CUdeviceptr target, const void *source, size_t size)
{
    CUresult result;

    ENTER("cuMemcpyHtoD");
    result = enter_copy("cuMemcpyHtoD", target, size);
    if (result == CUDA_SUCCESS) {
        memcpy((void *)(size_t)target, source, size);
    }
    return result;
}

CUresult cuMemcpyDtoH(void *target, CUdeviceptr source, size_t size)
{
    CUresult result;

    ENTER("cuMemcpyDtoH");
    result = enter_copy("cuMemcpyDtoH", source, size);
    if (result == CUDA_SUCCESS) {
        memcpy(target, (const void *)(size_t)source, size);
    }
    return result;
}

CUresult cuMemcpyHtoDAsync(CUdeviceptr target, const void *source, size_t size, CUstream handle)
{
    struct stream *stream = stream_of(handle);
    struct task *task;
    CUresult result;

    if (stream == stream_of(NULL)) {
        return cuMemcpyHtoD(target, source, size);
    }
    ENTER("cuMemcpyHtoDAsync");
    result = enter_queued("cuMemcpyHtoDAsync", stream, target, size);
    if (result != CUDA_SUCCESS) {
        return result;
    }
    task = put(stream, COPY);
    task->taken = malloc(size);
    memcpy(task->taken, source, size);
    task->source = task->taken;
    task->target = (void *)(size_t)target;
    task->size = size;
    return CUDA_SUCCESS;
}

/* The host's memory is no part of the device's, so that this waits, but for this stream alone. */
CUresult cuMemcpyDtoHAsync(void *target, CUdeviceptr source, size_t size, CUstream handle)
{
    struct stream *stream = stream_of(handle);
    CUresult result;

    if (stream == stream_of(NULL)) {
        return cuMemcpyDtoH(target, source, size);
    }
    ENTER("cuMemcpyDtoHAsync");
    result = enter_queued("cuMemcpyDtoHAsync", stream, source, size);
    if (result == CUDA_SUCCESS) {
        result = drain(stream);
    }
    if (result == CUDA_SUCCESS) {
        memcpy(target, (const void *)(size_t)source, size);
    }
    return result;
}

CUresult cuMemcpyDtoDAsync(CUdeviceptr target, CUdeviceptr source, size_t size, CUstream handle)
{
    struct stream *stream = stream_of(handle);
    struct task *task;
    CUresult result;

    ENTER("cuMemcpyDtoDAsync");
    result = enter_queued("cuMemcpyDtoDAsync", stream, target, size);
    if (result == CUDA_SUCCESS) {
        result = check_range("cuMemcpyDtoDAsync", source, size);
    }
    if (result != CUDA_SUCCESS) {
        return result;
    }
    task = put(stream, COPY);
    task->source = (const void *)(size_t)source;
    task->target = (void *)(size_t)target;
    task->size = size;
    return CUDA_SUCCESS;
}
