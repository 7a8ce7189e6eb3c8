using System.Text.RegularExpressions;

namespace Interactive.Kernel.Tests.Docs;

public class ReadmeTests
{
    private static string Root => ProjectFolder.Root;

    [Fact]
    public void The_example_is_the_script_that_demo_runs()
        => Assert.Contains($"```csharp\n{File.ReadAllText(Path.Combine(Root, "notebooks/train.csx"))}```", File.ReadAllText(Path.Combine(Root, "README.md")));

    public static TheoryData<string> Pages => [.. Directory.GetFiles(Path.Combine(Root, "docs"), "*.md").Append(Path.Combine(Root, "README.md")).Select(p => Path.GetRelativePath(Root, p))];

    [Theory]
    [MemberData(nameof(Pages))]
    public void Links_lead_somewhere(string page)
    {
        var path = Path.Combine(Root, page);
        foreach (Match link in Regex.Matches(File.ReadAllText(path), @"\]\((?!http)([^)#]+)"))
            Assert.True(Path.Exists(Path.Combine(Path.GetDirectoryName(path)!, link.Groups[1].Value)), $"{page} links to {link.Groups[1].Value}");
    }
}
