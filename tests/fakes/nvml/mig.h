/* Calls about partitions of a device, and about devices that are one guest's part of a host's. */
#ifndef FAKE_NVML_MIG_H
#define FAKE_NVML_MIG_H

typedef struct {
    unsigned multiprocessors, copy, decoder, encoder, jpeg, ofa, gpu_slices, compute_slices;
    unsigned long long memory_mb;
} Attributes;
_Static_assert(sizeof(Attributes) == 40, "device attributes, second version");

EXPORT int nvmlDeviceGetMaxMigDeviceCount(void *handle, unsigned *out) {
    ENTER("instances")
    (void)d;
    *out = MAX_INSTANCES - 1; /* as real devices do: seven places, most of them may be empty */
    return OK;
}
EXPORT int nvmlDeviceGetMigDeviceHandleByIndex(void *handle, unsigned index, void **out) {
    ENTER("instances")
    if (!d->mig || index >= (unsigned)d->n_instances) return NOT_FOUND;
    *out = (void *)((uintptr_t)handle | (uintptr_t)(index + 1) << 8);
    return OK;
}
EXPORT int nvmlDeviceGetGpuInstanceId(void *handle, unsigned *out) {
    ENTER("instances")
    const Instance *i = instance_of(d, handle);
    if (!i) return INVALID_ARGUMENT;
    *out = i->gi;
    return OK;
}
EXPORT int nvmlDeviceGetComputeInstanceId(void *handle, unsigned *out) {
    ENTER("instances")
    const Instance *i = instance_of(d, handle);
    if (!i) return INVALID_ARGUMENT;
    *out = i->ci;
    return OK;
}
EXPORT int nvmlDeviceGetAttributes_v2(void *handle, Attributes *out) {
    ENTER("instances")
    const Instance *i = instance_of(d, handle);
    memset(out, 0, sizeof *out);
    if (!i) return NOT_SUPPORTED;
    out->gpu_slices = out->compute_slices = i->slices;
    out->memory_mb = i->mb;
    return OK;
}
EXPORT int nvmlDeviceGetVirtualizationMode(void *handle, int *out) {
    ENTER("virtualization")
    *out = d->virtualization;
    return OK;
}
#endif
