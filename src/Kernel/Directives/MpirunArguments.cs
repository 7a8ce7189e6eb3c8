using Interactive.Collectives.Mpi;

namespace Interactive.Kernel.Directives;

/// <summary>What stands behind <c>#!mpirun</c>.</summary>
/// <param name="Ranks">How many ranks.</param>
/// <param name="Save">The script to write, or null.</param>
/// <param name="Variable">The variable that gets the returned value, or null.</param>
/// <param name="Flavor">Which MPI; null for the first installed.</param>
internal sealed record MpirunArguments(int Ranks, string? Save, string? Variable, MpiFlavor? Flavor)
{
    public const string Usage = "#!mpirun -n RANKS [--as VARIABLE] [--save FILE.csx] [--mpi openmpi|mpich]";

    /// <exception cref="UsageException">Something is missing, unknown or out of range.</exception>
    public static MpirunArguments Parse(IReadOnlyList<string> arguments)
    {
        var (ranks, save, variable) = (0, (string?)null, (string?)null);
        MpiFlavor? flavor = null;
        for (var i = 0; i < arguments.Count; i++)
        {
            var flag = arguments[i];
            string Value()
                => ++i < arguments.Count ? arguments[i]
                : throw new UsageException($"#!mpirun: {flag} needs a value: {Usage}");
            switch (flag)
            {
                case "-n" or "-np" or "--ranks":
                    if (!int.TryParse(Value(), out ranks) || ranks < 1) throw new UsageException($"#!mpirun: {arguments[i]} ranks: a whole number of at least 1 is needed");
                    break;
                case "--save":
                    save = Value();
                    if (Path.GetExtension(save) != ".csx")
                        throw new UsageException($"#!mpirun: --save writes a .csx script, got {save}");
                    break;
                case "--as":
                    variable = Value();
                    if (!Microsoft.CodeAnalysis.CSharp.SyntaxFacts.IsValidIdentifier(variable))
                        throw new UsageException($"#!mpirun: --as {variable}: no name of a variable");
                    break;
                case "--mpi":
                    flavor = Value() switch
                    {
                        "openmpi" => MpiFlavor.OpenMpi,
                        "mpich" => MpiFlavor.Mpich,
                        _ => throw new UsageException($"#!mpirun: --mpi {arguments[i]}: choose openmpi or mpich"),
                    };
                    break;
                default: throw new UsageException($"#!mpirun: unknown '{flag}': {Usage}");
            }
        }
        return ranks > 0 ? new(ranks, save, variable, flavor)
            : throw new UsageException($"#!mpirun: how many ranks? {Usage}");
    }
}
