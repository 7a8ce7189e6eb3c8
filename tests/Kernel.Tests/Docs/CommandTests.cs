using System.CommandLine;
using System.Text.RegularExpressions;
using Interactive.Kernel.Hosting;

namespace Interactive.Kernel.Tests.Docs;

/// <summary>
/// The commands that pages show: each is one of the program's, with options that it has, on files that are there.
/// </summary>
public partial class CommandTests
{
    [GeneratedRegex(@"^\s*(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\./)?interactive (?<words>[a-z-][^\n]*)$", RegexOptions.Multiline)]
    private static partial Regex Line();

    [GeneratedRegex(@"`\./interactive (?<words>[^`\n]*)`")]
    private static partial Regex Inline();

    [GeneratedRegex(@"""[^""]*""|'[^']*'|[^\s""']+")]
    private static partial Regex Word();

    [GeneratedRegex(@"```[a-z]*\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();

    private static readonly string[] examples = ["notebooks/", "bench/", "docs/"];

    public static TheoryData<string> Commands
        => [.. Directory.GetFiles(Path.Combine(ProjectFolder.Root, "docs"), "*.md")
        .Append(Path.Combine(ProjectFolder.Root, "README.md"))
        .SelectMany(page
        => Block().Matches(File.ReadAllText(page)).SelectMany(block => Line().Matches(block.Groups[1].Value))
        .Concat(Inline().Matches(Block().Replace(File.ReadAllText(page), ""))))
        .Select(line => line.Groups["words"].Value).Where(line => !line.Contains('…')).Distinct()];

    [Theory]
    [MemberData(nameof(Commands))]
    public void ACommand_IsOneOfTheProgram(string command)
    {
        var words =
            Word().Matches(command).Select(word => word.Value.Trim('"', '\''))
            .TakeWhile(word => word[0] != '#' && word is not ("|" or ">" or "&&" or "&" or ";")).ToArray();
        var (root, line) = InteractiveTool.Prepare(words);
        var parsed = root.Parse(line);
        Assert.True(parsed.Errors.Count == 0, $"{command}: {string.Join("; ", parsed.Errors.Select(e => e.Message))}");
        if (words is not ["--help"]) Assert.NotEqual(root, parsed.CommandResult.Command);
        Assert.All(words.Where(word => examples.Any(folder => word.StartsWith(folder, StringComparison.Ordinal))),
            word => Assert.True(Path.Exists(Path.Combine(ProjectFolder.Root, word)), $"{command}: there is no {word}"));
    }

    [Theory]
    [InlineData("plan --modle resnet50")]
    [InlineData("paint")]
    [InlineData("bench memory --model resnet18 --wide")]
    public void WhatIsNone_IsFound(string command)
    {
        var (root, line) = InteractiveTool.Prepare(command.Split(' '));
        Assert.NotEmpty(root.Parse(line).Errors);
    }
}
