using System.Text.RegularExpressions;

namespace Interactive.Kernel.Tests.Docs;

/// <summary>The page of environment variables names those of the source, and no others.</summary>
public partial class EnvironmentTests
{
    [GeneratedRegex("INTERACTIVE_[A-Z_]+")]
    private static partial Regex Variable();

    [Fact]
    public void Every_variable_is_on_the_page()
    {
        var source = Path.Combine(ProjectFolder.Root, "src");
        var used =
            Directory.GetFiles(source, "*.cs", SearchOption.AllDirectories)
            .Where(path => !Regex.IsMatch(path, "/(obj|bin)/"))
            .SelectMany(
            path => Regex.Matches(File.ReadAllText(path), "\"(INTERACTIVE_[A-Z_]+)\"").Select(m => m.Groups[1].Value))
            .Distinct().Order().ToList();
        Assert.True(used.Count > 5);
        Assert.Equal(used,
            Variable().Matches(File.ReadAllText(Path.Combine(ProjectFolder.Root, "docs", "environment.md")))
            .Select(m => m.Value).Distinct().Order());
    }
}
