using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Interactive.Collectives.Mpi;
using Interactive.Runtime;

namespace Interactive.Kernel.Scripting;

/// <summary>
/// Turns packages into files. <c>dotnet restore</c> does the resolving (ranges, dependencies, the user's sources and
/// credentials); its answer is kept in the cache folder, so that the same question is answered at once, also on a
/// machine without network. Where a version floats, the sources are asked each time (by one rank of a job), and the
/// kept answer counts where they cannot be reached.
/// </summary>
internal static partial class PackageResolver
{
    private static readonly string runtime = RuntimeInformation.RuntimeIdentifier.EndsWith("arm64") ? "linux-arm64"
        : "linux-x64";
    private static readonly string framework = $"net{Environment.Version.Major}.0";

    // TorchSharp is the host's, so nothing that a package depends on may bring another one, or half a gigabyte of
    // libtorch.
    private static readonly string[] pruned = ["TorchSharp", "TorchSharp-cpu", "libtorch-cpu", "libtorch-cpu-linux-x64",
        "libtorch-cpu-win-x64", "libtorch-cpu-osx-arm64", "Microsoft.DotNet.Interactive",
        "Microsoft.DotNet.Interactive.Formatting"];

    /// <param name="folder">Where the script lies: its <c>nuget.config</c> counts.</param>
    /// <exception cref="ScriptCompileException">A package cannot be had; with NuGet's own words.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static PackageAssets Resolve(IEnumerable<PackageId> wanted, IEnumerable<string> sources, string folder,
        CancellationToken cancellation = default)
    {
        var packages = PackageId.Together(wanted.Where(p => !p.IsOfHost)).OrderBy(p => p.Id, StringComparer.OrdinalIgnoreCase).ToList();
        if (packages.Count == 0) return PackageAssets.None;

        var project = Project(packages, [.. sources], folder);
        var key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(project)))[..24];
        var (all, place) = (Path.Combine(CacheFolder.Find(), "packages"),
            Path.Combine(CacheFolder.Find(), "packages", key));
        if (!FileOwner.MakePrivate(all) || !FileOwner.MakePrivate(place))
            throw new ScriptCompileException([$"error: {place} is a link or another user's: delete it"]);
        var answer = Path.Combine(place, "obj", "project.assets.json");
        var isFresh = !packages.Any(p => p.IsFloating) || ClusterEnvironment.Read() is { Rank: > 0 };
        if (isFresh && Read(answer) is { } known) return known;

        using (Lock(Path.Combine(place, "lock"), cancellation)) // ranks that start together ask once
        {
            var kept = Read(answer);
            if (isFresh && kept is not null) return kept;
            var file = Path.Combine(place, "script.csproj");
            var before = kept is null ? null : File.ReadAllBytes(answer);
            // A damaged answer would pass for a good one with a restore that looks only whether there is one.
            if (kept is null && Directory.Exists(Path.Combine(place, "obj")))
                Directory.Delete(Path.Combine(place, "obj"), recursive: true);
            File.WriteAllText(file, project);
            try { Restore(file, packages, isForced: kept is not null, cancellation); }
            // a source cannot be reached
            catch (ScriptCompileException e) when (before is not null
                && e.Message.Contains("NU1301", StringComparison.Ordinal))
            {
                File.WriteAllBytes(answer, before);
            }
        }
        return Read(answer) ?? throw new ScriptCompileException([$"error: dotnet restore left files missing for {string.Join("; ", packages)}"]);
    }

    private static string Project(List<PackageId> packages, List<string> sources, string folder)
        => new XElement("Project", new XAttribute("Sdk", "Microsoft.NET.Sdk"),
        new XElement("PropertyGroup",
            new XElement("TargetFramework", framework),
            new XElement("RuntimeIdentifier", runtime),
            new XElement("SelfContained", "false"),
            new XElement("RestoreRootConfigDirectory", folder),
            new XElement("RestoreAdditionalProjectSources", string.Join(';', sources)),
            new XElement("RestoreEnablePackagePruning", "true"),
            new XElement("NuGetAudit", "false")),
        new XElement("ItemGroup",
            packages.Select(p => new XElement("PackageReference", new XAttribute("Include", p.Id),
                new XAttribute("Version", p.Version))),
            pruned.Select(id => new XElement("PrunePackageReference", new XAttribute("Include", id),
                new XAttribute("Version", "9999.0.0"))))).ToString();

    private static void Restore(string project, List<PackageId> packages, bool isForced, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(DotnetProgram.Path,
            ["restore", project, .. isForced ? (string[])["--force"] : [], "-v", "quiet", "-nologo", "-noAutoResponse",
            "-p:ImportDirectoryBuildProps=false", "-p:ImportDirectoryPackagesProps=false"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(project),
        };
        start.Environment.Remove("MSBUILD_EXE_PATH");
        using var process = Process.Start(start)!;
        using var registration = cancellation.Register(() =>
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        });
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        var output = process.StandardOutput.ReadToEnd() + errors.Result;
        process.WaitForExit();
        cancellation.ThrowIfCancellationRequested();
        if (process.ExitCode == 0) return;
        // A signal that interrupts the cell reaches this child as well, which may be the first to end.
        if (cancellation.CanBeCanceled && cancellation.WaitHandle.WaitOne(TimeSpan.FromMilliseconds(300)))
            cancellation.ThrowIfCancellationRequested();

        throw new ScriptCompileException([$"error: #r \"nuget: {string.Join("; ", packages)}\": {Reason(output)}"]);
    }

    /// <summary>
    /// Why a restore failed, in one line: its errors, of which the lines of one follow another with the same code.
    /// </summary>
    internal static string Reason(string output)
    {
        var reasons = new List<(string Code, string Text)>();
        foreach (Match error in ErrorLine().Matches(output))
        {
            var (code, text) = (error.Groups["code"].Value, error.Groups["text"].Value.Trim());
            if (reasons.Count > 0 && reasons[^1].Code == code)
                reasons[^1] = (code,
                reasons[^1].Text.Contains(text.TrimEnd('.')) ? reasons[^1].Text
                : $"{reasons[^1].Text.TrimEnd('.')}; {text.TrimStart('-', ' ')}");
            else if (!reasons.Any(r => r.Code == code && r.Text.StartsWith(text))) reasons.Add((code, text));
        }
        return reasons.Count > 0 ? string.Join("; ", reasons.Select(r => $"{r.Code}: {r.Text}"))
            : string.Join(' ', output.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
    }

    // path : error NU1102: text [path of the project]
    [GeneratedRegex(@"error (?<code>[A-Z]+\d+):(?<text>.*?)(?: \[[^\[\]]*proj\])?\r?$", RegexOptions.Multiline)]
    private static partial Regex ErrorLine();

    /// <summary>The assets that a restore wrote, or null when there are none or their files are gone.</summary>
    internal static PackageAssets? Read(string file)
    {
        try { return FileOwner.IsOurs(file) ? ReadWhole(file) : null; }
        // damaged: asked anew
        catch (Exception e) when (e is IOException or JsonException or KeyNotFoundException or InvalidOperationException
            or ArgumentException)
        { return null; }
    }

    private static PackageAssets? ReadWhole(string file)
    {
        using var document = JsonDocument.Parse(File.ReadAllBytes(file));
        var root = document.RootElement;
        if (root.TryGetProperty("logs", out var logs)
            && logs.EnumerateArray().Any(l => l.GetProperty("level").GetString() == "Error")) return null;
        var folder = root.GetProperty("packageFolders").EnumerateObject().First().Name;
        var libraries = root.GetProperty("libraries");
        List<string> compile = [], run = [], native = [];
        var scripts = ImmutableDictionary.CreateBuilder<string, string>();
        foreach (var package in root.GetProperty("targets").GetProperty($"{framework}/{runtime}").EnumerateObject())
        {
            var place = Path.Combine(folder, libraries.GetProperty(package.Name).GetProperty("path").GetString()!);
            Add(compile, "compile");
            Add(run, "runtime");
            Add(native, "native");
            if (Path.Combine(place, "contentFiles", "csx") is var content && Directory.Exists(content))
                scripts[package.Name.Split('/')[0].ToLowerInvariant()] = content;
            void Add(List<string> to, string kind)
            {
                if (!package.Value.TryGetProperty(kind, out var files)) return;
                to.AddRange(files.EnumerateObject().Where(f => !f.Name.EndsWith("_._"))
                    .Select(f => Path.Combine(place, f.Name)));
            }
        }
        return compile.Concat(run).Concat(native).All(File.Exists)
            ? new([.. compile], [.. run], [.. native], scripts.ToImmutable()) : null;
    }

    private static FileStream Lock(string path, CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            try { return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1); }
            catch (IOException) { Thread.Sleep(50); }
        }
    }
}
