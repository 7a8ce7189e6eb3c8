using System.IO.Compression;
using Interactive.Kernel.Scripting;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Interactive.Kernel.Tests.Scripting;

[Collection(ProcessWide.Name)]
public sealed class PackageRangeTests
{
    [SkippableTheory]
    [InlineData("[1.0,2.0)", "1.0.0")]
    [InlineData("[1.1,2.0)", "1.5.0")]
    [InlineData("1.*", "1.5.0")]
    [InlineData("*", "2.0.0")]
    public async Task Range_ChoosesAmongTheVersionsOfAFolder(string range, string version)
    {
        using var folder = new TemporaryFolder();
        var id = $"Interactive.Test.P{Guid.NewGuid():N}"; // no cache knows it
        foreach (var each in new[] { "1.0.0", "1.5.0", "2.0.0" }) Pack(folder.Path, id, each);
        using var session = new ScriptSession(folder: folder.Path);
        var result =
            await session.RunAsync($"#i \"nuget: {folder.Path}/feed\"\n#r \"nuget: {id}, {range}\"\nTheirs.Version",
            "cell-1");
        try
        {
            Skip.If(result.Error?.Message.Contains("NU1301") == true,
                "another package source of this machine cannot be reached");
            Assert.True(result.Status == ScriptStatus.Ok, result.Error?.Message);
            Assert.Equal(version, result.Value);
        }
        finally
        {
            var unpacked = Path.Combine(Environment.GetEnvironmentVariable("NUGET_PACKAGES")
                ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages"),
                id.ToLowerInvariant());
            if (Directory.Exists(unpacked)) Directory.Delete(unpacked, recursive: true);
        }
    }

    [Theory]
    [InlineData("1.2.3", false)]
    [InlineData("[1.2.3]", false)]
    [InlineData("[1.2.3,2)", true)]
    [InlineData("(1.0,)", true)]
    [InlineData("1.2.*", true)]
    [InlineData("[1.*]", true)]
    public void AVersionInBrackets_IsPinned(string version, bool floats)
        => Assert.Equal(floats, new PackageId("P", version).IsFloating);

    [Theory]
    [InlineData("13.0.3", "13.0.1", "13.0.3")]
    [InlineData("2.10.0", "2.9.1", "2.10.0")]
    [InlineData("2.0.0", "2.0.0-beta.1", "2.0.0")]
    [InlineData("1.0.0", "*", "1.0.0")]
    [InlineData("[1.0.0]", "[1.0.0]", "2.0.0")]
    public void OfSeveralVersions_OneCounts(string chosen, string one, string other)
    {
        Assert.Equal([new("P", chosen)], PackageId.Together([new("P", one), new("P", other), new("P", chosen)]));
        Assert.Equal(chosen, Assert.Single(PackageId.Together([new("P", other), new("p", one), new("P", chosen)])).Version);
    }

    [Theory]
    [InlineData("P, 1.2.3-beta.1+x", true)]
    [InlineData("P, 1.*-*", true)]
    [InlineData("P, [1.0, 2.0)", true)]
    [InlineData("P, (,2.0]", true)]
    [InlineData("P, *", true)]
    [InlineData("P, *-*", true)]
    [InlineData("P", true)]
    [InlineData("P, abc", false)]
    [InlineData("P, 1.0, 2.0", false)]
    [InlineData("P, [1.0", false)]
    public void WhatIsNoVersion_NamesNoPackage(string text, bool isPackage) => Assert.Equal(isPackage, PackageId.Parse(text) is not null);

    [Fact]
    public async Task MissingPackage_IsNamedWithNuGetsReason()
    {
        using var folder = new TemporaryFolder();
        folder.Write("nuget.config", "<configuration><packageSources><clear /></packageSources></configuration>");
        Directory.CreateDirectory(Path.Combine(folder.Path, "feed"));
        using var session = new ScriptSession(folder: folder.Path);
        var result = await session.RunAsync("#i \"nuget: feed\"\n#r \"nuget: No.Such.Package.Here, 1.0.0\"", "cell-1");
        Assert.Equal(ScriptStatus.CompileError, result.Status);
        Assert.Contains("#r \"nuget: No.Such.Package.Here, 1.0.0\": NU1101",
            Assert.Single(((ScriptCompileException)result.Error!).Diagnostics));
    }

    [Theory]
    [InlineData("/a/script.csproj : error NU1102: Unable to find package A with version (>= 99.0.0)\n/a/script.csproj : error NU1102:   - Found 2 version(s) in here [ Nearest version: 5.0.0 ]\n",
        "NU1102: Unable to find package A with version (>= 99.0.0); Found 2 version(s) in here [ Nearest version: 5.0.0 ]")]
    [InlineData("/a/script.csproj : error NU1301: Unable to load https://x. [/a/script.csproj]\n/a/script.csproj : error NU1301:   Name or service not known (x:443)\n/a/script.csproj : error NU1301:   Name or service not known\n",
        "NU1301: Unable to load https://x; Name or service not known (x:443)")]
    [InlineData("no such host\n  at all\n", "no such host at all")]
    public void WhatRestoreSays_IsOneLine(string output, string reason)
        => Assert.Equal(reason, PackageResolver.Reason(output));

    private static void Pack(string folder, string id, string version)
    {
        var code = CSharpCompilation.Create(id, [CSharpSyntaxTree.ParseText($"public static class Theirs {{ public static string Version => \"{version}\"; }}")],
            [MetadataReference.CreateFromFile(typeof(object).Assembly.Location)],
                new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary));
        Directory.CreateDirectory(Path.Combine(folder, "feed"));
        using var package = ZipFile.Open(Path.Combine(folder, "feed", $"{id}.{version}.nupkg"), ZipArchiveMode.Create);
        using (var writer = new StreamWriter(package.CreateEntry($"{id}.nuspec").Open()))
            writer.Write($"""
                <?xml version="1.0"?><package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd"><metadata>
                <id>{id}</id><version>{version}</version><authors>tests</authors><description>of tests</description>
                <dependencies><group targetFramework="net8.0" /></dependencies></metadata></package>
                """);
        using var library = new MemoryStream();
        Assert.True(code.Emit(library).Success);
        using var entry = package.CreateEntry($"lib/net8.0/{id}.dll").Open();
        entry.Write(library.ToArray());
    }
}
