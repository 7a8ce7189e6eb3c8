// libtorch, its thread pool and the memory meter are one per process
[assembly: CollectionBehavior(DisableTestParallelization = true)]
