/* Modules of kernels, launches and graphs.
 *
 * Noticed: what is no machine code; a launch without blocks or with more threads than a block can have, of more
 * dimensions than one, or with shared memory, which no kernel here asks for; a launch of threads that wait for each
 * other and do not fit on the device together; a launch on the legacy stream.
 */
#include "driver.h"

#include <stdlib.h>
#include <string.h>

#define MOST_THREADS 1024

typedef void (*runner)(const char *name, unsigned blocks, unsigned threads, void **arguments, int cooperative);
typedef int (*counter)(const char *name);

static runner run;
static counter count;

/* Who runs kernels, and who knows how many arguments they have, of 8 bytes at most each. */
void imitated_kernels(runner runs, counter counts_arguments)
{
    run = runs;
    count = counts_arguments;
}

int count_arguments(const struct kernel *kernel)
{
    return count == NULL ? 0 : count(kernel->name);
}

void run_kernel(const struct task *task)
{
    void **addresses = calloc((size_t)task->count + 1, sizeof *addresses);
    int number;

    for (number = 0; number < task->count; number++) {
        check_argument(task->kernel->name, task->arguments[number]);
        addresses[number] = &task->arguments[number];
    }
    if (run != NULL) {
        run(task->kernel->name, task->blocks, task->threads, addresses, task->cooperative);
    }
    free(addresses);
}

/* ---- modules ---- */

CUresult cuLibraryLoadData(CUlibrary *library, const void *code, CUjit_option *options, void **values, unsigned number,
                           CUlibraryOption *more, void **more_values, unsigned more_number)
{
    (void)options;
    (void)values;
    (void)number;
    (void)more;
    (void)more_values;
    (void)more_number;
    ENTER("cuLibraryLoadData");
    if (memcmp(code, "\177ELF", 4) != 0) {
        notice("cuLibraryLoadData of what is no machine code");
        return CUDA_ERROR_INVALID_IMAGE;
    }
    if (somebody_captures()) {
        notice("cuLibraryLoadData while a stream captures");
    }
    *library = (CUlibrary)code;
    return CUDA_SUCCESS;
}

CUresult cuLibraryUnload(CUlibrary library)
{
    (void)library;
    return lost();
}

CUresult cuLibraryGetKernel(CUkernel *handle, CUlibrary library, const char *name)
{
    struct kernel *kernel = calloc(1, sizeof *kernel);

    (void)library;
    kernel->name = strdup(name);
    *handle = (CUkernel)kernel;
    return CUDA_SUCCESS;
}

CUresult cuKernelGetLibrary(CUlibrary *library, CUkernel kernel)
{
    *library = (CUlibrary)kernel;
    return CUDA_SUCCESS;
}

CUresult cuKernelGetFunction(CUfunction *function, CUkernel kernel)
{
    *function = (CUfunction)kernel;
    return CUDA_SUCCESS;
}

CUresult cuKernelGetAttribute(int *value, CUfunction_attribute attribute, CUkernel kernel, CUdevice device)
{
    (void)kernel;
    (void)device;
    *value = attribute == CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK ? MOST_THREADS : 32;
    return CUDA_SUCCESS;
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *number, CUfunction function, int threads, size_t shared)
{
    (void)function;
    (void)threads;
    (void)shared;
    *number = blocks_each();
    return CUDA_SUCCESS;
}

/* ---- launches ---- */

static int is_odd(const CUlaunchConfig *launch)
{
    int flat = launch->gridDimY == 1 && launch->gridDimZ == 1 && launch->blockDimY == 1 && launch->blockDimZ == 1;
    int filled = launch->gridDimX > 0 && launch->blockDimX > 0 && launch->blockDimX <= MOST_THREADS;

    return !flat || !filled || launch->sharedMemBytes != 0;
}

static int is_cooperative(const CUlaunchConfig *launch)
{
    unsigned number;

    for (number = 0; number < launch->numAttrs; number++) {
        if (launch->attrs[number].id == CU_LAUNCH_ATTRIBUTE_COOPERATIVE) {
            return launch->attrs[number].value.cooperative;
        }
    }
    return 0;
}

CUresult cuLaunchKernelEx(const CUlaunchConfig *launch, CUfunction function, void **arguments, void **extra)
{
    struct stream *stream = stream_of(launch->hStream);
    struct kernel *kernel = (struct kernel *)function;
    struct task *task;
    int number;

    (void)extra;
    ENTER("cuLaunchKernelEx");
    if (is_odd(launch)) {
        notice("an odd launch of %u blocks of %u threads: %s", launch->gridDimX, launch->blockDimX, kernel->name);
        return CUDA_ERROR_INVALID_VALUE;
    }
    if (is_cooperative(launch) && launch->gridDimX > (unsigned)fitting_blocks()) {
        notice("%u blocks that wait for each other do not fit: %s", launch->gridDimX, kernel->name);
        return CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE;
    }
    if (stream == stream_of(NULL)) {
        notice("a launch on the legacy stream: %s", kernel->name);
    }
    counts.launches += !stream->capturing;
    task = put(stream, LAUNCH);
    task->kernel = kernel;
    task->blocks = launch->gridDimX;
    task->threads = launch->blockDimX;
    task->cooperative = is_cooperative(launch);
    task->count = count_arguments(kernel);
    task->arguments = calloc((size_t)task->count + 1, sizeof *task->arguments);
    for (number = 0; number < task->count; number++) {
        memcpy(&task->arguments[number], arguments[number], sizeof *task->arguments);
    }
    return CUDA_SUCCESS;
}

/* ---- graphs ---- */

CUresult cuGraphInstantiateWithParams(CUgraphExec *made, CUgraph graph, CUDA_GRAPH_INSTANTIATE_PARAMS *given)
{
    ENTER("cuGraphInstantiateWithParams");
    *made = (CUgraphExec)graph;
    given->result_out = CUDA_GRAPH_INSTANTIATE_SUCCESS;
    return CUDA_SUCCESS;
}

CUresult cuGraphLaunch(CUgraphExec graph, CUstream handle)
{
    ENTER("cuGraphLaunch");
    counts.graph_launches++;
    put(stream_of(handle), GRAPH)->graph = (struct graph *)graph;
    return CUDA_SUCCESS;
}

/* A graph and what was made of it are one here, and stay: launches may be under way. */
CUresult cuGraphExecDestroy(CUgraphExec graph)
{
    (void)graph;
    return lost();
}

CUresult cuGraphDestroy(CUgraph graph)
{
    (void)graph;
    return lost();
}

/* What a graph is asked to keep alive is kept for good. */
CUresult cuUserObjectCreate(CUuserObject *object, void *pointer, CUhostFn destroy, unsigned references, unsigned flags)
{
    (void)destroy;
    (void)references;
    (void)flags;
    *object = (CUuserObject)pointer;
    return CUDA_SUCCESS;
}

CUresult cuGraphRetainUserObject(CUgraph graph, CUuserObject object, unsigned count_of, unsigned flags)
{
    (void)graph;
    (void)object;
    (void)count_of;
    (void)flags;
    return CUDA_SUCCESS;
}

CUresult cuGraphReleaseUserObject(CUgraph graph, CUuserObject object, unsigned count_of)
{
    (void)graph;
    (void)object;
    (void)count_of;
    return CUDA_SUCCESS;
}

CUresult cuUserObjectRelease(CUuserObject object, unsigned count_of)
{
    (void)object;
    (void)count_of;
    return CUDA_SUCCESS;
}
