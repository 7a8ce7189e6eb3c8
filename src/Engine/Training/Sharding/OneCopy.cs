using Interactive.Collectives;
using Interactive.Runtime;

namespace Interactive.Training;

/// <summary>
/// The ranks of one host share one copy of the parameters: each steps its part where all read it, and nothing is
/// gathered. Two barriers keep who still reads from who already steps, and the other way round.
/// </summary>
internal sealed unsafe class OneCopy : ParameterMemory
{
    private readonly long bytes;

    private OneCopy(ICommunicator world, GradientPool pool, float* data) : base(world, pool, data)
    {
        bytes = pool.Length * sizeof(float);
        Take(copies: world.Rank == 0);
        world.Barrier();
    }

    /// <summary>Null where the ranks are not on one host. Collective.</summary>
    public static OneCopy? TryMake(ICommunicator world, GradientPool pool)
    {
        var data = world.AllocateOne(pool.Length);
        return data == null ? null : new(world, pool, data);
    }

    public override void Stepped(PoolBucket bucket) { }

    public override void BeforeSteps() => World.Barrier();

    public override void Finish() => World.Barrier();

    public override string Description
        => $"--zero 3: one copy of the parameters, {ByteText.Of(bytes)}, for the {World.Size} ranks of this host";

    /// <summary>Nobody lets go of what others still copy.</summary>
    private protected override void Free() => World.Release(Data);
}
