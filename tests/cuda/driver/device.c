/* The device and its context, what was noticed, and failures that tests ask for.
 *
 * Noticed: a call in a thread without a context. A real driver answers it with an error, which some callers drop.
 */
#include "driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define DEPTH 64
#define NOTICED 65536

struct counts counts;

static CUresult failure;
static CUresult refusal;
static int multiprocessors = 2;
static int each = 1;

static char noticed[NOTICED];
static size_t written;

static __thread CUcontext contexts[DEPTH];
static __thread int depth;

static const CUcontext the_context = (CUcontext)0xc0de;

/* ---- what tests ask for ---- */

/* All calls fail from now on, as on a device that is lost; with 0 they do no longer. */
void imitated_failure(int code)
{
    failure = (CUresult)code;
}

/* Making a context fails, as on a device that another process has for itself. */
void imitated_refusal(int code)
{
    refusal = (CUresult)code;
}

/* How many multiprocessors there are, and how many blocks fit on each. */
void imitated_size(int number, int blocks)
{
    multiprocessors = number;
    each = blocks;
}

void imitated_counts(struct counts *target)
{
    *target = counts;
}

/* Misuse that others have seen, such as those who run kernels. */
void imitated_notice(const char *text)
{
    notice("%s", text);
}

/* What was noticed, one thing a line. */
const char *imitated_noticed(void)
{
    return noticed;
}

void imitated_forget(void)
{
    written = 0;
    noticed[0] = 0;
}

/* ---- for the other parts ---- */

void notice(const char *format, ...)
{
    va_list values;
    int length;
    size_t room = NOTICED - written;

    if (room < 2) {
        return;
    }
    va_start(values, format);
    length = vsnprintf(noticed + written, room - 1, format, values);
    va_end(values);
    if (length < 0) {
        return;
    }
    written += (size_t)length < room - 1 ? (size_t)length : room - 2;
    noticed[written++] = '\n';
    noticed[written] = 0;
}

CUresult lost(void)
{
    return failure;
}

CUresult enter(const char *name)
{
    if (depth == 0) {
        notice("%s without a context in this thread", name);
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    return failure;
}

int fitting_blocks(void)
{
    return multiprocessors * each;
}

int blocks_each(void)
{
    return each;
}

/* ---- the device ---- */

CUresult cuInit(unsigned flags)
{
    (void)flags;
    return CUDA_SUCCESS;
}

CUresult cuDriverGetVersion(int *version)
{
    *version = 13000;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetCount(int *count)
{
    *count = 1;
    return CUDA_SUCCESS;
}

CUresult cuDeviceGet(CUdevice *device, int number)
{
    *device = number;
    return number == 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

CUresult cuDeviceGetName(char *name, int room, CUdevice device)
{
    (void)device;
    snprintf(name, (size_t)room, "an imitated device");
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice device)
{
    (void)device;
    memset(uuid, 7, sizeof *uuid);
    return CUDA_SUCCESS;
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device)
{
    (void)device;
    switch ((int)attribute) {
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:
        *value = 9;
        break;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:
        *value = 0;
        break;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:
        *value = multiprocessors;
        break;
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
        *value = 1024;
        break;
    default: /* most others say that the device can do something */
        *value = 1;
    }
    return CUDA_SUCCESS;
}

/* ---- contexts ---- */

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
    (void)device;
    if (refusal != CUDA_SUCCESS) {
        return refusal;
    }
    *context = the_context;
    return failure;
}

CUresult cuDevicePrimaryCtxRelease(CUdevice device)
{
    (void)device;
    return CUDA_SUCCESS;
}

CUresult cuCtxGetCurrent(CUcontext *context)
{
    *context = depth > 0 ? contexts[depth - 1] : NULL;
    return CUDA_SUCCESS;
}

CUresult cuCtxSetCurrent(CUcontext context)
{
    if (depth > 0) {
        depth--;
    }
    if (context != NULL) {
        contexts[depth++] = context;
    }
    return CUDA_SUCCESS;
}

CUresult cuCtxPushCurrent(CUcontext context)
{
    if (depth == DEPTH) {
        return CUDA_ERROR_INVALID_VALUE;
    }
    contexts[depth++] = context;
    return CUDA_SUCCESS;
}

CUresult cuCtxPopCurrent(CUcontext *context)
{
    if (depth == 0) {
        return CUDA_ERROR_INVALID_CONTEXT;
    }
    *context = contexts[--depth];
    return CUDA_SUCCESS;
}

CUresult cuCtxGetDevice(CUdevice *device)
{
    ENTER("cuCtxGetDevice");
    *device = 0;
    return CUDA_SUCCESS;
}

CUresult cuCtxSynchronize(void)
{
    ENTER("cuCtxSynchronize");
    return enter_legacy("cuCtxSynchronize");
}

CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest)
{
    *least = 0;
    *greatest = -5;
    return CUDA_SUCCESS;
}
