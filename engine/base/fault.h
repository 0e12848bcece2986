#ifndef ENGINE_BASE_FAULT_H
#define ENGINE_BASE_FAULT_H

/*
 * Named places where a test may kill or stop the process: on both sides of every commit and of every effect.
 * PENSTOCK_FAULT=name:n kills with SIGKILL at the n-th pass (from 1), stop:name:n stops with SIGSTOP. Compiled out of release builds.
 */

#ifdef PENSTOCK_FAULTS
void fault_point(const char *name);
#else
#define fault_point(name) ((void)0)
#endif

#endif
