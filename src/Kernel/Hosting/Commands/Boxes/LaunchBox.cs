using System.CommandLine;
using Interactive.Kernel.Hosting.Boxes;
using Interactive.Kernel.Scripting;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting.Commands.Boxes;

/// <summary>What <c>launch --box</c> becomes: the same launch, inside the box, with mpirun and all of its ranks.</summary>
internal static class LaunchBox
{
    /// <summary>
    /// What a launch needs of the host: this program and its runtime, the caches, the folder where it was called, the
    /// script's.
    /// </summary>
    public static IEnumerable<Bind> Binds(string script)
    {
        var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } given ? given
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        (string Path, bool IsReadOnly)[] folders =
        [
            (AppContext.BaseDirectory.TrimEnd('/'), true), (Path.GetDirectoryName(DotnetProgram.Path)!, true), (packages, true),
            (Path.GetDirectoryName(Path.GetFullPath(script))!, true), (CacheFolder.Find(), false), (Environment.CurrentDirectory, false),
        ];
        // Of a folder that is named twice the one that may be written; those above before those below, which they would hide.
        return folders.Where(f => f.Path.Length > 1 && Directory.Exists(f.Path)).OrderBy(f => f.IsReadOnly).DistinctBy(f => f.Path)
            .OrderBy(f => f.Path.Length).Select(f => Bind.Same(f.Path, f.IsReadOnly));
    }

    /// <summary>The command line inside: that outside, without the box.</summary>
    public static IReadOnlyList<string> Command(ParseResult parsed, Command launch, BoxOptions box, string script,
        IReadOnlyList<string> arguments)
    {
        List<string> words = [DotnetProgram.Path, typeof(LaunchBox).Assembly.Location, launch.Name];
        foreach (var option in launch.Options.Except(box.All))
            if (parsed.GetResult(option) is { Implicit: false } given)
                words.AddRange([option.Name, .. given.Tokens.Select(token => token.Value)]);
        return [.. words, script, "--", .. arguments];
    }
}
