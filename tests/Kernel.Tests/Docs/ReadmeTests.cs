using System.Text.RegularExpressions;

namespace Interactive.Kernel.Tests.Docs;

public class ReadmeTests
{
    private static string Root => ProjectFolder.Root;

    [Theory]
    [InlineData("README.md", "first")]
    [InlineData("docs/demo.md", "train")]
    public void An_example_is_a_script_that_runs(string page, string name)
        => Assert.Contains($"```csharp\n{File.ReadAllText(Path.Combine(Root, "notebooks", $"{name}.csx"))}```",
        File.ReadAllText(Path.Combine(Root, page)));

    [Fact]
    public void The_index_names_every_page()
    {
        var index = File.ReadAllText(Path.Combine(Root, "docs/README.md"));
        Assert.All(Directory.GetFiles(Path.Combine(Root, "docs"), "*.md").Select(Path.GetFileName)
            .Where(name => name != "README.md"), name => Assert.Contains($"]({name})", index));
    }

    [Fact]
    public void The_page_for_beginners_has_the_same_first_script()
        => Assert.Contains($"```csharp\n{File.ReadAllText(Path.Combine(Root, "notebooks/first.csx"))}```",
        File.ReadAllText(Path.Combine(Root, "docs/getting-started.md")));

    public static TheoryData<string> Pages
        => [.. Directory.GetFiles(Path.Combine(Root, "docs"), "*.md").Append(Path.Combine(Root, "README.md"))
        .Append(Path.Combine(Root, "CONTRIBUTING.md")).Select(p => Path.GetRelativePath(Root, p))];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_lead_somewhere(string page)
    {
        var path = Path.Combine(Root, page);
        foreach (Match link in Regex.Matches(File.ReadAllText(path), @"\]\((?!http)([^)#]+)"))
            Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(path)!, link.Groups[1].Value)),
                $"{page} links to {link.Groups[1].Value}");
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Anchors_are_headings(string page)
    {
        var path = Path.Combine(Root, page);
        foreach (Match link in Regex.Matches(File.ReadAllText(path), @"\]\((?!http)(?<page>[^)#\s]*)#(?<anchor>[^)]+)\)"))
        {
            var target = Path.Combine(Path.GetDirectoryName(path)!, link.Groups["page"].Value);
            Assert.True(Headings(File.Exists(target) ? target : path).Contains(link.Groups["anchor"].Value), $"{page} links to {link.Value[2..^1]}");
        }
    }

    // As GitHub names them: small letters, no punctuation, hyphens for spaces.
    private static IEnumerable<string> Headings(string page) => Regex.Matches(File.ReadAllText(page), @"^#+ (.*)$", RegexOptions.Multiline)
        .Select(heading => Regex.Replace(heading.Groups[1].Value.ToLowerInvariant(), @"[^\w\- ]", "").Replace(' ', '-'));
}
