/* Functions of the driver by name, as the libraries above ask for them, and names of errors.
 *
 * cuda-bindings asks for all functions that there are; a function that is not here is found missing when it is called.
 */
#include "driver.h"

#include <stdio.h>
#include <string.h>

struct row {
    const char *name;
    void *function;
};

#define ROW(function) {#function, (void *)function}

static const struct row functions[] = {
    ROW(cuInit),
    ROW(cuDriverGetVersion),
    ROW(cuDeviceGetCount),
    ROW(cuDeviceGet),
    ROW(cuDeviceGetName),
    ROW(cuDeviceGetUuid),
    ROW(cuDeviceGetAttribute),
    ROW(cuDeviceTotalMem),
    ROW(cuDevicePrimaryCtxRetain),
    ROW(cuDevicePrimaryCtxRelease),
    ROW(cuCtxGetCurrent),
    ROW(cuCtxSetCurrent),
    ROW(cuCtxPushCurrent),
    ROW(cuCtxPopCurrent),
    ROW(cuCtxGetDevice),
    ROW(cuCtxSynchronize),
    ROW(cuCtxGetStreamPriorityRange),
    ROW(cuMemGetInfo),
    ROW(cuMemAlloc),
    ROW(cuMemFree),
    ROW(cuMemcpyHtoD),
    ROW(cuMemcpyDtoH),
    ROW(cuMemcpyHtoDAsync),
    ROW(cuMemcpyDtoHAsync),
    ROW(cuMemcpyDtoDAsync),
    ROW(cuStreamCreate),
    ROW(cuStreamDestroy),
    ROW(cuStreamSynchronize),
    ROW(cuStreamGetCtx),
    ROW(cuStreamGetFlags),
    ROW(cuStreamBeginCapture),
    ROW(cuStreamEndCapture),
    ROW(cuStreamGetCaptureInfo),
    ROW(cuStreamIsCapturing),
    ROW(cuEventCreate),
    ROW(cuEventDestroy),
    ROW(cuEventRecord),
    ROW(cuEventSynchronize),
    ROW(cuLibraryLoadData),
    ROW(cuLibraryUnload),
    ROW(cuLibraryGetKernel),
    ROW(cuKernelGetLibrary),
    ROW(cuKernelGetFunction),
    ROW(cuKernelGetAttribute),
    ROW(cuOccupancyMaxActiveBlocksPerMultiprocessor),
    ROW(cuLaunchKernelEx),
    ROW(cuGraphInstantiateWithParams),
    ROW(cuGraphLaunch),
    ROW(cuGraphExecDestroy),
    ROW(cuGraphDestroy),
    ROW(cuUserObjectCreate),
    ROW(cuGraphRetainUserObject),
    ROW(cuGraphReleaseUserObject),
    ROW(cuUserObjectRelease),
    ROW(cuGetErrorName),
    ROW(cuGetErrorString),
    ROW(cuGetProcAddress),
};

static const struct {
    CUresult code;
    const char *name;
} errors[] = {
    {CUDA_ERROR_INVALID_VALUE, "CUDA_ERROR_INVALID_VALUE"},
    {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY"},
    {CUDA_ERROR_DEVICE_UNAVAILABLE, "CUDA_ERROR_DEVICE_UNAVAILABLE"},
    {CUDA_ERROR_INVALID_CONTEXT, "CUDA_ERROR_INVALID_CONTEXT"},
    {CUDA_ERROR_ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS"},
    {CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"},
    {CUDA_ERROR_STREAM_CAPTURE_INVALIDATED, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"},
    {CUDA_ERROR_STREAM_CAPTURE_IMPLICIT, "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT"},
};

CUresult cuGetErrorName(CUresult code, const char **name)
{
    size_t number;

    *name = "CUDA_ERROR_OF_ANOTHER_KIND";
    for (number = 0; number < sizeof errors / sizeof *errors; number++) {
        if (errors[number].code == code) {
            *name = errors[number].name;
        }
    }
    return CUDA_SUCCESS;
}

CUresult cuGetErrorString(CUresult code, const char **text)
{
    (void)code;
    *text = "an error that was asked for";
    return CUDA_SUCCESS;
}

CUresult cuGetProcAddress(const char *name, void **address, int version, cuuint64_t flags,
                          CUdriverProcAddressQueryResult *found)
{
    size_t number;

    (void)version;
    (void)flags;
    *address = NULL;
    for (number = 0; number < sizeof functions / sizeof *functions; number++) {
        if (strcmp(functions[number].name, name) == 0) {
            *address = functions[number].function;
        }
    }
    if (found != NULL) {
        *found = *address != NULL ? CU_GET_PROC_ADDRESS_SUCCESS : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
    }
    return *address != NULL ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}
