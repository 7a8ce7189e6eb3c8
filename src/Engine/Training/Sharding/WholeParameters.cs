using Interactive.Collectives;

namespace Interactive.Training;

/// <summary>Every rank has all parameters, and takes the others' parts as soon as they are stepped.</summary>
internal sealed unsafe class WholeParameters : ParameterMemory
{
    public WholeParameters(ICommunicator world, GradientPool pool) : base(world, pool, world.Allocate(pool.Length))
        => Take(copies: true);

    public override void Stepped(PoolBucket bucket)
        => World.AllGather(Data + bucket.Start, bucket.Count, bucket.Ranges[0].Name);

    private protected override void Free() => World.Release(Data);
}
