using System.Globalization;
using System.Text;

namespace Interactive.Kernel.Hosting.Slurm;

/// <summary>What is asked of Slurm.</summary>
/// <param name="Script">The training script.</param>
/// <param name="Arguments">Its arguments.</param>
/// <param name="Nodes">Hosts.</param>
/// <param name="RanksPerNode">Ranks on each.</param>
/// <param name="Time">Time limit as Slurm writes it.</param>
/// <param name="Lead">Seconds before the limit at which the run is asked to save.</param>
/// <param name="Requeue">Whether a job that is cut goes back into the queue.</param>
/// <param name="Partition">Null for the default one.</param>
/// <param name="Name">Of the job.</param>
/// <param name="Out">Folder of run directories.</param>
/// <param name="Extra">More options of sbatch, such as --exclude=n1.</param>
/// <param name="Options">Of <c>batch</c>: the box that the ranks run in, their MPI; empty for none.</param>
internal sealed record BatchScript(string Script, IReadOnlyList<string> Arguments, int Nodes, int RanksPerNode,
    string Time, int Lead, bool Requeue, string? Partition, string Name, string Out, IReadOnlyList<string> Extra,
    IReadOnlyList<string> Options)
{
    /// <summary>The script for sbatch. <c>exec</c> makes the supervisor the process that Slurm signals.</summary>
    public string ToText(IReadOnlyList<string> program)
    {
        var text = new StringBuilder("#!/bin/bash\n");
        void Option(string option) => text.Append("#SBATCH ").Append(Line(option)).Append('\n');
        Option($"--job-name={Directive(Name)}");
        Option(string.Create(CultureInfo.InvariantCulture, $"--nodes={Nodes}"));
        Option(string.Create(CultureInfo.InvariantCulture, $"--ntasks-per-node={RanksPerNode}"));
        Option($"--time={Time}");
        if (Partition is not null) Option($"--partition={Directive(Partition)}");
        Option("--open-mode=append"); // a requeued job would truncate its log
        Option($"--output={Directive($"{Out.Replace("%", "%%")}/slurm-%j.out")}");
        Option(Requeue ? "--requeue" : "--no-requeue");
        Option(string.Create(CultureInfo.InvariantCulture, $"--signal=B:USR1@{Lead}"));
        foreach (var extra in Extra) Option(extra);
        text.Append("exec ").AppendJoin(' ',
            [.. program.Select(Quote), "batch", .. Options.Select(Quote), Quote(Script), "--", .. Arguments.Select(Quote)]);
        if (!Arguments.Contains("--resume")) text.Append(" --resume");
        return text.Append('\n').ToString();
    }

    // As sbatch reads its lines: up to a space, with # for a comment, unless it stands between quotes.
    private static string Directive(string value)
        => IsPlain(value) ? value : $"\"{value.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";

    private static string Line(string option) => !option.Any(char.IsControl) ? option
        : throw new UsageException($"'{option.ReplaceLineEndings("\\n")}' holds a line's end: an option of a job is one line");

    private static string Quote(string word)
        => IsPlain(word) ? word
        : $"'{word.Replace("'", "'\\''")}'";

    private static bool IsPlain(string word)
        => word.Length > 0 && word.All(c => char.IsAsciiLetterOrDigit(c) || "-_./=:,+@%".Contains(c));
}
