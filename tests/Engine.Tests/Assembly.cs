[assembly: CollectionBehavior(DisableTestParallelization = true)] // libtorch, its thread pool and the memory meter are one per process
