using System.Text.RegularExpressions;

namespace Interactive.Kernel.Tests.House;

/// <summary>Pages show more than they tell: code for at least every 167th word, those of code and tables counted.</summary>
public partial class PageTests
{
    private const double LeastBlocks = 6; // for a thousand words of all pages together

    [GeneratedRegex(@"^```.*?^```$", RegexOptions.Singleline | RegexOptions.Multiline)]
    private static partial Regex Block();

    [GeneratedRegex(@"\S+")]
    private static partial Regex Word();

    private static (int Blocks, int Words) Measure(string text) => (Block().Count(text), Word().Count(text));

    private static string[] Pages => [.. Directory.GetFiles(Path.Combine(ProjectFolder.Root, "docs"), "*.md"), Path.Combine(ProjectFolder.Root, "README.md")];

    [Fact]
    public void There_are_six_blocks_of_code_for_a_thousand_words()
    {
        var pages = Pages.Select(page => Measure(File.ReadAllText(page))).ToList();
        var (blocks, words) = (pages.Sum(p => p.Blocks), pages.Sum(p => p.Words));
        Assert.True(1000.0 * blocks / words >= LeastBlocks,
            $"{blocks} blocks in {words} words are {1000.0 * blocks / words:F2} for a thousand, at least {LeastBlocks} have to be: show what you tell, or say it shorter");
    }

    [Fact]
    public void Every_page_shows_something()
        => Assert.All(Pages, page => Assert.True(Measure(File.ReadAllText(page)).Blocks > 0, $"{page} has no block of code"));

    [Theory]
    [InlineData("one two\n```\nthree\n```\nfour", 1, 6)]
    [InlineData("```csharp\nvar x = 1;\n```\n\n```\ny\n```\n", 2, 9)]
    [InlineData("`in a line` is no block", 0, 6)]
    public void Blocks_and_words_are_counted(string text, int blocks, int words) => Assert.Equal((blocks, words), Measure(text));
}
