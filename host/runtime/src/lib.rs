//! Item store, scheduler, supervisor, runs and set points.
