namespace Interactive.Kernel.Tests.House;

/// <summary>The measures of docs/house.md: they may get better, and who lets one get worse finds it here.</summary>
public class ShapeTests
{
    private const int MostLines = 410, MostFiles = 15, Width = 120;
    private const double MostWide = 0.05, LeastTests = 0.35;

    private static readonly string Source = Path.Combine(ProjectFolder.Root, "src"),
        Tests = Path.Combine(ProjectFolder.Root, "tests");

    [Fact]
    public void No_file_is_two_ideas_long()
        => Assert.DoesNotContain(Files(Source), file => File.ReadLines(file).Count() > MostLines);

    [Fact]
    public void A_folder_holds_one_idea()
    {
        var folders = Files(Source).CountBy(file => Path.GetRelativePath(Source, Path.GetDirectoryName(file)!));
        Assert.DoesNotContain(folders, folder => folder.Value > MostFiles);
    }

    [Fact]
    public void Few_lines_are_wider_than_a_screen()
    {
        var lines = Files(Source).Concat(Files(Tests)).SelectMany(File.ReadLines).ToList();
        var wide = lines.Count(line => line.Length > Width) / (double)lines.Count;
        Assert.True(wide <= MostWide,
            $"{wide:P1} of the lines are longer than {Width} characters, at most {MostWide:P0} may be");
    }

    [Fact]
    public void Tests_grow_with_the_source()
    {
        var share = Files(Tests).Sum(file
            => File.ReadLines(file).Count()) / (double)Files(Source).Sum(file => File.ReadLines(file).Count());
        Assert.True(share >= LeastTests,
            $"the tests have {share:F2} lines for each of the source, at least {LeastTests} is asked for");
    }

    [Fact]
    public void The_tree_of_the_page_is_that_of_the_source()
    {
        var folders = Files(Source).SelectMany(file => Above(Path.GetDirectoryName(file)!)).Distinct()
            .Order(StringComparer.Ordinal);
        var tree =
            string.Concat(folders
            .Select(folder => $"{new string(' ', 2 * folder.Count(c => c == '/'))}{Path.GetFileName(folder)}\n"));
        Assert.True(File.ReadAllText(Path.Combine(ProjectFolder.Root, "docs", "house.md")).Contains($"```\n{tree}```"),
            "run scripts/folders --write");

        static IEnumerable<string> Above(string folder)
        {
            var relative = Path.GetRelativePath(ProjectFolder.Root, folder);
            return Enumerable.Range(1, relative.Split('/').Length)
                .Select(n => string.Join('/', relative.Split('/').Take(n)));
        }
    }

    private static IEnumerable<string> Files(string root)
        => Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
        .Where(
        file => !Path.GetRelativePath(root, file).Split('/').Any(part => part is "obj" or "bin" or "node_modules"));
}
