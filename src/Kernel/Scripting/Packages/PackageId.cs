using System.Text.RegularExpressions;

namespace Interactive.Kernel.Scripting;

/// <summary>A NuGet package as a script names it.</summary>
/// <param name="Version">A version, a range such as <c>[1.0,2.0)</c>, or <c>*</c> for the newest.</param>
internal sealed partial record PackageId(string Id, string Version)
{
    /// <summary>Reads <c>Id, Version</c>, <c>Id/Version</c> or <c>Id</c>; null when there is no id, or what
    /// follows it is no version.</summary>
    public static PackageId? Parse(string text)
    {
        var cut = text.IndexOfAny([',', '/']);
        var id = (cut < 0 ? text : text[..cut]).Trim();
        var version = cut < 0 ? "*" : text[(cut + 1)..].Trim();
        return id.Length == 0 || id.Any(c => !char.IsLetterOrDigit(c) && c is not ('.' or '-' or '_'))
            || !VersionText().IsMatch(version) ? null : new(id, version);
    }

    // 1.2, 1.2.3-beta.1, 1.*, *, *-*, or a range in brackets.
    [GeneratedRegex(@"^(\d[\w.+*-]*|\*(-[\w.*]+)?|[\[(][\d\s\w.,+*-]+[\])])$")]
    private static partial Regex VersionText();

    /// <summary>
    /// One package of each id, where a script and those that it loads ask for several: the highest of plain versions,
    /// which is what a project that depends on all of them gets; a range, or what is pinned, before what is not.
    /// </summary>
    public static IEnumerable<PackageId> Together(IEnumerable<PackageId> packages)
        => packages.GroupBy(p => p.Id, StringComparer.OrdinalIgnoreCase).Select(same
        => same.FirstOrDefault(p => p.Version[0] is '[' or '(')
        ?? same.OrderByDescending(p => !p.IsFloating).ThenByDescending(p => p.Numbers).ThenByDescending(p => !p.Version.Contains('-')).First());

    private Version Numbers => System.Version.TryParse(Plain().Match(Version).Value, out var numbers) ? numbers : new();

    [GeneratedRegex(@"^\d+(\.\d+){1,3}")]
    private static partial Regex Plain();

    /// <summary>
    /// True when the version is not one: what fits it best may be another tomorrow. <c>[1.2.3]</c> is one, just that.
    /// </summary>
    public bool IsFloating => Version.Contains('*') || Version.Contains(',') || Version.StartsWith('(');

    /// <summary>True for what the host brings itself, in the version that belongs to its native libraries.</summary>
    public bool IsOfHost => Id.StartsWith("TorchSharp", StringComparison.OrdinalIgnoreCase)
        || Id.StartsWith("libtorch-", StringComparison.OrdinalIgnoreCase)
        || Id.Equals("MPI.NET", StringComparison.OrdinalIgnoreCase)
        || Id.Equals("Interactive.MpiNet", StringComparison.OrdinalIgnoreCase)
        // what its notebooks use of it is here
        || Id.Equals("Microsoft.DotNet.Interactive", StringComparison.OrdinalIgnoreCase)
        || Id.Equals("Microsoft.DotNet.Interactive.Formatting", StringComparison.OrdinalIgnoreCase)
        || Id.Equals("Interactive.Engine", StringComparison.OrdinalIgnoreCase)
        || Id.Equals("Interactive.Extensions", StringComparison.OrdinalIgnoreCase);

    public override string ToString() => $"{Id}, {Version}";
}
