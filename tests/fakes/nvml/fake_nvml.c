/* A stand-in for NVIDIA's management library, for tests on machines without a GPU.
 *
 * It answers the symbols that nvidia-ml-py calls, from a script that is read again on every
 * call (README.md beside this file tells its words). Nothing it says was measured: give its
 * devices a name that says "simulated".
 */
#include "script.h"

/* The layouts of nvml.h; the assertions hold them to the published sizes. */
typedef struct { unsigned pid; uint64_t used; unsigned gi, ci; } ProcessInfo;
typedef struct { unsigned gpu, memory; } Utilization;
typedef struct { unsigned pid; uint64_t ts; unsigned sm, mem, enc, dec; } Sample;
typedef struct {
    unsigned id, scope;
    int64_t ts, latency;
    unsigned type, ret;
    union { unsigned u32; uint64_t u64; } value;
} FieldValue;
_Static_assert(sizeof(ProcessInfo) == 24, "process info, third version");
_Static_assert(sizeof(Utilization) == 8, "utilization rates");
_Static_assert(sizeof(Sample) == 32, "process utilization sample");
_Static_assert(sizeof(FieldValue) == 40, "field value");

static int initialized;
static int lost[MAX_DEVICES]; /* as with the real driver, until the library is initialised anew */

static void wait_while_hanging(const Script *s, const Device *d, uint64_t *at_us) {
    struct timespec pause = {0, 2000000};
    while (within(d->hang, *at_us)) {
        nanosleep(&pause, NULL);
        *at_us = now_us(s);
    }
}

/* Load the script, find the device behind `handle`, and fail where the script says so. A handle
 * is the device's number, from 1; that of an instance has its own number, from 1, above it. */
static int enter(Script *s, void *handle, const char *what, Device **d, uint64_t *at_us) {
    uintptr_t index = (uintptr_t)handle & 0xFF;
    int code = load(s);
    if (!initialized) return UNINITIALIZED;
    if (code) return code;
    if (index < 1 || index > (uintptr_t)s->n || lost[index - 1]) return GPU_IS_LOST;
    *d = &s->devices[index - 1];
    *at_us = now_us(s);
    wait_while_hanging(s, *d, at_us);
    code = failure(*d, what, *at_us);
    if (code == GPU_IS_LOST) lost[index - 1] = 1;
    return code;
}
static const Instance *instance_of(const Device *d, void *handle) {
    uintptr_t number = (uintptr_t)handle >> 8;
    return number ? &d->instances[number - 1] : NULL;
}
#define ENTER(what) \
    Script s; Device *d; uint64_t at; \
    { int code = enter(&s, handle, what, &d, &at); if (code) return code; }

EXPORT int nvmlInitWithFlags(unsigned flags) {
    Script s;
    int code = load(&s);
    (void)flags;
    if (!code) code = s.init;
    if (!code && !initialized++) memset(lost, 0, sizeof lost);
    return code;
}
EXPORT int nvmlInit_v2(void) { return nvmlInitWithFlags(0); }
EXPORT int nvmlShutdown(void) {
    if (!initialized) return UNINITIALIZED;
    initialized--;
    return OK;
}
EXPORT const char *nvmlErrorString(int code) {
    for (size_t i = 0; i < sizeof ERRORS / sizeof *ERRORS; i++)
        if (ERRORS[i].code == code) return ERRORS[i].name;
    return "an error of the simulated driver";
}
EXPORT int nvmlSystemGetDriverVersion(char *out, unsigned length) {
    Script s;
    int code = load(&s);
    if (!code) snprintf(out, length, "%s", s.driver);
    return code;
}
EXPORT int nvmlDeviceGetCount_v2(unsigned *count) {
    Script s;
    int code = load(&s);
    if (!initialized) return UNINITIALIZED;
    *count = (unsigned)s.n;
    return code;
}
EXPORT int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **out) {
    void *handle = (void *)(uintptr_t)(index + 1);
    ENTER("handle")
    (void)d;
    *out = handle;
    return OK;
}
EXPORT int nvmlDeviceGetUUID(void *handle, char *out, unsigned length) {
    ENTER("uuid")
    const Instance *i = instance_of(d, handle);
    snprintf(out, length, "%s", i ? i->uuid : d->uuid);
    return OK;
}
EXPORT int nvmlDeviceGetName(void *handle, char *out, unsigned length) {
    ENTER("name")
    const Instance *i = instance_of(d, handle);
    snprintf(out, length, "%s", i ? i->name : d->name);
    return OK;
}
EXPORT int nvmlDeviceGetArchitecture(void *handle, unsigned *out) {
    ENTER("architecture")
    (void)d;
    *out = 9; /* Hopper */
    return OK;
}
EXPORT int nvmlDeviceGetMigMode(void *handle, unsigned *current, unsigned *pending) {
    ENTER("mig")
    *current = *pending = (unsigned)d->mig;
    return OK;
}
EXPORT int nvmlDeviceGetTotalEnergyConsumption(void *handle, unsigned long long *out_mj) {
    ENTER("energy")
    *out_mj = counter_mj(d, at);
    return OK;
}
EXPORT int nvmlDeviceGetPowerUsage(void *handle, unsigned *out_mw) {
    ENTER("power")
    *out_mw = (unsigned)average_mw(d, at);
    return OK;
}
EXPORT int nvmlDeviceGetPowerManagementLimitConstraints(void *handle, unsigned *low, unsigned *high) {
    ENTER("limits")
    *low = (unsigned)d->limit_mw / 4;
    *high = (unsigned)d->limit_mw;
    return OK;
}
EXPORT int nvmlDeviceGetEnforcedPowerLimit(void *handle, unsigned *out_mw) {
    ENTER("enforced")
    *out_mw = (unsigned)d->limit_mw;
    return OK;
}
EXPORT int nvmlDeviceGetUtilizationRates(void *handle, Utilization *out) {
    ENTER("utilization")
    if (d->mig) return NOT_SUPPORTED;
    *out = (Utilization){d->utilization, 0};
    return OK;
}

static void answer_field(const Device *d, FieldValue *v, uint64_t at_us) {
    v->ts = (int64_t)at_us;
    v->ret = OK;
    v->type = 1;
    if (v->id == 186 && !failure(d, "instant", at_us)) v->value.u32 = (unsigned)instant_mw(d, at_us);
    else if (v->id == 185 && !failure(d, "average", at_us))
        v->value.u32 = (unsigned)average_mw(d, at_us);
    else if (v->id == 83 && !failure(d, "energy", at_us)) {
        v->type = 3;
        v->value.u64 = counter_mj(d, at_us);
    } else v->ret = NOT_SUPPORTED;
}
EXPORT int nvmlDeviceGetFieldValues(void *handle, int count, FieldValue *values) {
    ENTER("fields")
    for (int i = 0; i < count; i++) answer_field(d, &values[i], at);
    return OK;
}

static int lives(const Process *p, uint64_t at_us) {
    return p->from_us <= at_us && at_us < p->until_us;
}
EXPORT int nvmlDeviceGetComputeRunningProcesses_v3(void *handle, unsigned *count, ProcessInfo *out) {
    unsigned needed = 0, room = *count;
    ENTER("processes")
    for (int i = 0; i < d->n_processes; i++)
        if (lives(&d->processes[i], at)) needed++;
    *count = needed;
    if (needed == 0) return OK;
    if (!out || room < needed) return INSUFFICIENT_SIZE;
    for (int i = 0, n = 0; i < d->n_processes; i++)
        if (lives(&d->processes[i], at))
            out[n++] = (ProcessInfo){d->processes[i].pid, d->processes[i].bytes,
                                     d->processes[i].gi, d->processes[i].ci};
    return OK;
}

/* Samples of one process in (since, at], the newest few; returns how many. */
static unsigned samples_of(const Device *d, const Process *p, uint64_t since, uint64_t at, Sample *out) {
    unsigned n = 0;
    uint64_t newest = at - at % d->sample_us;
    for (uint64_t t = newest; t > since && n < MAX_SAMPLES; t -= d->sample_us)
        if (p->sm && lives(p, t)) {
            if (out) out[n] = (Sample){p->pid, t, p->sm, 0, 0, 0};
            n++;
        }
    return n;
}
EXPORT int nvmlDeviceGetProcessUtilization(void *handle, Sample *out, unsigned *count, uint64_t since) {
    unsigned needed = 0, room = *count;
    ENTER("samples")
    if (d->mig) return NOT_SUPPORTED;
    for (int i = 0; i < d->n_processes; i++)
        needed += samples_of(d, &d->processes[i], since, at, NULL);
    *count = needed;
    if (needed == 0) return NOT_FOUND;
    if (!out || room < needed) return INSUFFICIENT_SIZE;
    for (int i = 0; i < d->n_processes; i++)
        out += samples_of(d, &d->processes[i], since, at, out);
    return OK;
}
#include "mig.h"
