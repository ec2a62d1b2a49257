/* The script of the fake driver: how it is read, and what it says at a time. */
#ifndef FAKE_NVML_SCRIPT_H
#define FAKE_NVML_SCRIPT_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))
#define MAX_DEVICES 16
#define MAX_STEPS 64
#define MAX_PROCESSES 16
#define MAX_ERRORS 8
#define MAX_INSTANCES 8
#define MAX_SAMPLES 8 /* per process: the ring buffer of samples is short */
#define NOT_AVAILABLE UINT64_MAX
#define FOREVER UINT64_MAX
#define EMPTY_MS 1000
#define NO_INSTANCE 0xFFFFFFFFu

enum {
    OK = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NO_PERMISSION = 4,
    NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, DRIVER_NOT_LOADED = 9, TIMEOUT = 10,
    LIB_RM_VERSION_MISMATCH = 18, GPU_IS_LOST = 15, RESET_REQUIRED = 16, NOT_READY = 27,
    UNKNOWN = 999
};
static const struct { const char *name; int code; } ERRORS[] = {
    {"UNINITIALIZED", UNINITIALIZED}, {"INVALID_ARGUMENT", INVALID_ARGUMENT},
    {"NOT_SUPPORTED", NOT_SUPPORTED}, {"NO_PERMISSION", NO_PERMISSION},
    {"NOT_FOUND", NOT_FOUND}, {"DRIVER_NOT_LOADED", DRIVER_NOT_LOADED}, {"TIMEOUT", TIMEOUT},
    {"GPU_IS_LOST", GPU_IS_LOST}, {"RESET_REQUIRED", RESET_REQUIRED},
    {"LIB_RM_VERSION_MISMATCH", LIB_RM_VERSION_MISMATCH}, {"NOT_READY", NOT_READY},
    {"UNKNOWN", UNKNOWN},
};

typedef struct { uint64_t from_us; uint64_t mw; } Step;
typedef struct {
    unsigned pid; uint64_t bytes; unsigned sm; uint64_t from_us, until_us; unsigned gi, ci;
} Process;
typedef struct { int code; uint64_t from_us, until_us; char what[24]; } Failure;
typedef struct { uint64_t from_us, until_us; } Span;
typedef struct { char uuid[80], name[96]; unsigned gi, ci, slices; uint64_t mb; } Instance;
typedef struct {
    char uuid[80], name[96];
    Step steps[MAX_STEPS];
    Process processes[MAX_PROCESSES];
    Failure failures[MAX_ERRORS];
    Instance instances[MAX_INSTANCES];
    Span hang, stuck;
    int n_steps, n_processes, n_failures, n_instances, mig, virtualization;
    uint64_t period_us, sample_us, offset_mj, limit_mw, reset_us;
    unsigned utilization;
} Device;
typedef struct {
    char driver[80];
    int init, n;
    uint64_t start_us;
    Device devices[MAX_DEVICES];
} Script;

static int code_of(const char *name) {
    for (size_t i = 0; i < sizeof ERRORS / sizeof *ERRORS; i++)
        if (!strcmp(ERRORS[i].name, name)) return ERRORS[i].code;
    return UNKNOWN;
}

static uint64_t number(const char *word, uint64_t otherwise) {
    return word && *word ? strtoull(word, NULL, 10) : otherwise;
}

static void instance_line(Device *d, const char *rest) {
    Instance *i = &d->instances[d->n_instances];
    char parent[61];
    if (d->n_instances == MAX_INSTANCES) return;
    if (sscanf(rest, "%79s %u %u %u %lu", i->uuid, &i->gi, &i->ci, &i->slices, &i->mb) != 5) return;
    snprintf(parent, sizeof parent, "%.60s", d->name);
    snprintf(i->name, sizeof i->name, "%s MIG %ug.%lugb", parent, i->slices, i->mb / 1024);
    d->n_instances++;
}

static void device_line(Device *d, const char *key, const char *rest) {
    char a[80] = "", b[64] = "", c[64] = "", e[64] = "", f[64] = "", g[64] = "", h[64] = "";
    sscanf(rest, "%79s %63s %63s %63s %63s %63s %63s", a, b, c, e, f, g, h);
    if (!strcmp(key, "uuid")) snprintf(d->uuid, sizeof d->uuid, "%s", a);
    else if (!strcmp(key, "name")) snprintf(d->name, sizeof d->name, "%s", rest);
    else if (!strcmp(key, "power") && d->n_steps < MAX_STEPS)
        d->steps[d->n_steps++] = (Step){number(a, 0), number(b, 0)};
    else if (!strcmp(key, "period")) d->period_us = number(a, 1);
    else if (!strcmp(key, "sample_period")) d->sample_us = number(a, 1);
    else if (!strcmp(key, "offset")) d->offset_mj = number(a, 0);
    else if (!strcmp(key, "limit")) d->limit_mw = number(a, 0);
    else if (!strcmp(key, "utilization")) d->utilization = (unsigned)number(a, 0);
    else if (!strcmp(key, "mig")) d->mig = !strcmp(a, "on");
    else if (!strcmp(key, "process") && d->n_processes < MAX_PROCESSES)
        d->processes[d->n_processes++] = (Process){
            (unsigned)number(a, 0), strcmp(b, "unknown") ? number(b, 0) : NOT_AVAILABLE,
            (unsigned)number(c, 0), number(e, 0), number(f, FOREVER),
            (unsigned)number(g, NO_INSTANCE), (unsigned)number(h, NO_INSTANCE)};
    else if (!strcmp(key, "instance")) instance_line(d, rest);
    else if (!strcmp(key, "virtualization")) d->virtualization = (int)number(a, 0);
    else if (!strcmp(key, "reset")) d->reset_us = number(a, 0);
    else if (!strcmp(key, "hang")) d->hang = (Span){number(a, 0), number(b, FOREVER)};
    else if (!strcmp(key, "stuck")) d->stuck = (Span){number(a, 0), number(b, FOREVER)};
    else if (!strcmp(key, "error") && d->n_failures < MAX_ERRORS) {
        Failure *failure = &d->failures[d->n_failures++];
        failure->code = code_of(a);
        failure->from_us = number(b, 0);
        failure->until_us = number(e, FOREVER);
        snprintf(failure->what, sizeof failure->what, "%.23s", strcmp(c, "all") ? c : "");
    }
}

static void script_line(Script *s, char *line) {
    char key[32] = "", *rest;
    line[strcspn(line, "#\r\n")] = 0;
    if (sscanf(line, "%31s", key) != 1) return;
    rest = strstr(line, key) + strlen(key);
    rest += strspn(rest, " \t");
    for (size_t n = strlen(rest); n && strchr(" \t", rest[n - 1]); n--) rest[n - 1] = 0;
    if (!strcmp(key, "driver")) snprintf(s->driver, sizeof s->driver, "%s", rest);
    else if (!strcmp(key, "init")) s->init = code_of(rest);
    else if (!strcmp(key, "start")) s->start_us = number(rest, 0);
    else if (!strcmp(key, "device") && s->n < MAX_DEVICES) {
        Device *d = &s->devices[s->n++];
        snprintf(d->uuid, sizeof d->uuid, "GPU-5131a7ed-0000-4000-8000-%012d", s->n - 1);
        snprintf(d->name, sizeof d->name, "Simulated GPU");
        d->period_us = 100000;
        d->sample_us = 200000;
        d->offset_mj = 1000000; /* a driver that has been loaded for a while */
        d->limit_mw = 700000;
    } else if (s->n) device_line(&s->devices[s->n - 1], key, rest);
}

/* Whoever writes a file anew empties it first: what is in it, once there is something again.
   A file that stays empty is empty. */
static FILE *written(const char *path, int wait_ms) {
    for (;;) {
        FILE *file = path ? fopen(path, "r") : NULL;
        int first = file ? fgetc(file) : EOF;
        if (!file || first != EOF || wait_ms-- <= 0) {
            if (file && first != EOF) ungetc(first, file);
            return file;
        }
        fclose(file);
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
}

static int load(Script *s) {
    static Script kept; /* where it is said not to change, it is read once: for benchmarks */
    static int known, had_devices;
    char line[512];
    const char *path = getenv("FAKE_NVML_SCRIPT");
    FILE *file;
    if (known) return *s = kept, OK;
    file = written(path, had_devices ? EMPTY_MS : 0);
    memset(s, 0, sizeof *s);
    snprintf(s->driver, sizeof s->driver, "0.0-simulated");
    if (!file) return DRIVER_NOT_LOADED;
    while (fgets(line, sizeof line, file)) script_line(s, line);
    fclose(file);
    had_devices = s->n > 0;
    if (getenv("FAKE_NVML_STEADY")) known = 1, kept = *s;
    return OK;
}

static uint64_t now_us(const Script *s) {
    unsigned long long us = 0;
    const char *path = getenv("FAKE_NVML_CLOCK");
    FILE *file = written(path, EMPTY_MS);
    if (file) {
        if (fscanf(file, "%llu", &us) != 1) us = 0;
        fclose(file);
    } else {
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        us = (unsigned long long)t.tv_sec * 1000000ULL + (unsigned long long)t.tv_nsec / 1000;
    }
    return us > s->start_us ? us - s->start_us : 0;
}

/* Energy from 0 to `until_us`, mW times us, which is nJ: exact in integers. */
static uint64_t energy_nj(const Device *d, uint64_t until_us) {
    uint64_t sum = 0;
    for (int i = 0; i < d->n_steps; i++) {
        uint64_t from = d->steps[i].from_us;
        uint64_t to = i + 1 < d->n_steps ? d->steps[i + 1].from_us : until_us;
        if (to > until_us) to = until_us;
        if (to > from) sum += d->steps[i].mw * (to - from);
    }
    return sum;
}

static uint64_t instant_mw(const Device *d, uint64_t at_us) {
    uint64_t mw = 0;
    for (int i = 0; i < d->n_steps; i++)
        if (d->steps[i].from_us <= at_us) mw = d->steps[i].mw;
    return mw;
}

static uint64_t average_mw(const Device *d, uint64_t at_us) { /* over the last second */
    uint64_t from = at_us > 1000000 ? at_us - 1000000 : 0;
    if (at_us == from) return instant_mw(d, at_us);
    return (energy_nj(d, at_us) - energy_nj(d, from)) / (at_us - from);
}

static int within(Span span, uint64_t at_us) {
    return span.until_us && span.from_us <= at_us && at_us < span.until_us;
}

/* The energy counter: it moves now and then, may stand still, and begins again at a reset. */
static uint64_t counter_mj(const Device *d, uint64_t at_us) {
    uint64_t shown = within(d->stuck, at_us) ? d->stuck.from_us : at_us;
    uint64_t start = d->reset_us && at_us >= d->reset_us ? d->reset_us : 0;
    shown -= shown % d->period_us;
    if (start) return shown > start ? (energy_nj(d, shown) - energy_nj(d, start)) / 1000000 : 0;
    return d->offset_mj + energy_nj(d, shown) / 1000000;
}

static int failure(const Device *d, const char *what, uint64_t at_us) {
    for (int i = 0; i < d->n_failures; i++)
        if (at_us >= d->failures[i].from_us && at_us < d->failures[i].until_us &&
            (!*d->failures[i].what || !strcmp(d->failures[i].what, what)))
            return d->failures[i].code;
    return OK;
}

#endif
