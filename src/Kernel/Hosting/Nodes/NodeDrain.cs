using Interactive.Kernel.Hosting.Slurm;

namespace Interactive.Kernel.Hosting.Nodes;

/// <summary>
/// Takes an unfit node out of Slurm's hands, and gives back one that is fit again; never one that others have taken.
/// </summary>
internal static class NodeDrain
{
    private const int MostOfReason = 200;

    /// <summary>Does what the findings ask for.</summary>
    /// <param name="findings">The worst first.</param>
    /// <returns>What was done, in words; null for nothing.</returns>
    /// <exception cref="UsageException">Slurm is not here, or refuses.</exception>
    public static string? Apply(IReadOnlyList<Finding> findings)
    {
        var name = Environment.GetEnvironmentVariable("SLURMD_NODENAME") is { Length: > 0 } given ? given : Environment.MachineName;
        var shown = SlurmTool.Run("scontrol", ["show", "node", name]);
        // "State=IDLE+DRAIN"; "Reason=words [who@when]" up to the end of its line.
        var isDrained = SlurmJob.Field(shown, "State")?.Contains("DRAIN", StringComparison.Ordinal) is true;
        var reason = shown.Split('\n').Select(l => l.Trim()).FirstOrDefault(l => l.StartsWith("Reason=", StringComparison.Ordinal))?["Reason=".Length..];
        if (findings is [{ Fitness: Fitness.Unfit } worst, ..])
        {
            if (isDrained) return null;
            var why = worst.ToString().Replace('"', '\'');
            SlurmTool.Run("scontrol", ["update", $"NodeName={name}", "State=DRAIN", $"Reason={why[..Math.Min(why.Length, MostOfReason)]}"]);
            return $"{name} is drained";
        }
        if (!isDrained || reason?.StartsWith(Finding.Prefix, StringComparison.Ordinal) is not true) return null;
        SlurmTool.Run("scontrol", ["update", $"NodeName={name}", "State=RESUME"]);
        return $"{name} is given back";
    }
}
