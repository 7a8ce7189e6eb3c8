// libtorch and the page that figures share (its library goes to the first one) are one per process.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
