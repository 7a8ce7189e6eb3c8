using System.Globalization;
using System.Text.RegularExpressions;
using Interactive.Kernel.Scripting;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Docs;

/// <summary>
/// One of each kind is added from outside: every example of CONTRIBUTING.md is run as a script, which sees what is
/// public and no more, and gives what stands behind its last line.
/// </summary>
[Collection(ProcessWide.Name)]
[Trait("Speed", "slow")]
public sealed partial class ContributingTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(ProjectFolder.Root, "CONTRIBUTING.md"));

    private static string[] Names => [.. Example().Matches(Page).Select(example => example.Groups["kind"].Value)];

    public static TheoryData<string> Kinds => [.. Names];

    [Fact]
    public void Each_kind_is_shown()
        => Assert.Equal(["op", "optimiser", "objective", "metric", "data set", "planner", "order of a pipeline",
        "all-reduce", "launcher of a cluster", "command"], Names);

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task One_is_added_from_outside(string kind)
    {
        var example = Example().Matches(Page).Single(example => example.Groups["kind"].Value == kind).Groups;
        using var session = new ScriptSession();
        if (kind == "command") await Run(session, $"#r \"{typeof(System.CommandLine.Command).Assembly.Location}\"");
        await Run(session, Given().Match(Page).Groups["code"].Value);
        var result = await Run(session, example["code"].Value);
        Assert.Equal(example["gives"].Value, Convert.ToString(result.Value, CultureInfo.InvariantCulture));
    }

    private static async Task<ScriptResult> Run(ScriptSession session, string code)
    {
        var result = await session.RunAsync(code, "example");
        Assert.True(result.Status == ScriptStatus.Ok, result.Error?.ToString());
        return result;
    }

    [GeneratedRegex(@"All of them start with:\n\n```csharp\n(?<code>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Given();

    [GeneratedRegex(@"\n### An? (?<kind>[^\n]+)\n\n```csharp\n(?<code>(?:(?!```).)*?[^\n]*) // (?<gives>[^\n]+)\n```",
        RegexOptions.Singleline)]
    private static partial Regex Example();
}
