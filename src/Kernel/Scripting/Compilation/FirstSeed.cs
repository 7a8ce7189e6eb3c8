using Interactive.Collectives.Mpi;
using Interactive.Runtime;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// What scripts and notebooks draw at random is the same in every run: the generator begins as after
/// <c>manual_seed(1)</c>, in rank r of a job as after <c>manual_seed(1 + r)</c>. <c>torch.seed()</c> asks for other
/// numbers each time.
/// </summary>
internal static unsafe class FirstSeed
{
    private static int arranged;

    /// <summary>Seeds the generator as soon as libtorch is loaded; one that is in use already is left alone.</summary>
    public static void Arrange()
    {
        if (Interlocked.Exchange(ref arranged, 1) == 0 && !TorchLoader.IsLoaded) TorchLoader.Loaded += Seed;
    }

    // By the library's own function: TorchSharp is still being loaded.
    private static void Seed()
    {
        if (TorchLoader.TryGetExport("THSTorch_manual_seed", out var seed))
            ((delegate* unmanaged<long, void>)seed)(1 + (ClusterEnvironment.Read()?.Rank ?? 0));
    }
}
