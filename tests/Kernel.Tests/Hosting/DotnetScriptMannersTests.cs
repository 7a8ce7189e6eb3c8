using Interactive.Kernel.Scripting;
using Interactive.Kernel.Tests.Scripting;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>
/// What scripts of dotnet-script ask for beyond the language: warnings, SDKs, script packages, neighbours, cultures.
/// </summary>
public sealed class DotnetScriptMannersTests
{
    private static async Task<(int Exit, string Out, string Error)> Run(TemporaryFolder folder, string code,
        params string[] options) =>
        await InteractiveProcess.RunIn(folder.Path, Path.Combine(folder.Path, "cache"),
            ["run", folder.Write("main.csx", code), .. options]);

    [Theory]
    [InlineData("int F() { return 1; WriteLine(2); }\nWriteLine(F());", 0, "1\n", "main.csx(1,21): warning CS0162")]
    [InlineData("#nullable enable\nstring x = null;", 1, "", "main.csx(2,12): error CS8625")]
    [InlineData("string x = null; string? y = null; WriteLine(1);", 0, "1\n", "")]
    [InlineData("#r \"sdk:Microsoft.NET.Sdk.Web\"\nWriteLine(typeof(Microsoft.AspNetCore.Builder.WebApplication).Name);", 0, "WebApplication\n", "")]
    [InlineData("#r \"sdk:Microsoft.NET.Sdk\"\nWriteLine(1);", 0, "1\n", "")]
    [InlineData("#r \"sdk:Other\"\nWriteLine(1);", 1, "", "there are Microsoft.NET.Sdk and Microsoft.NET.Sdk.Web")]
    [InlineData("public class Item { public string Name { get; set; } }\nvar w = new StringWriter(); new System.Xml.Serialization.XmlSerializer(typeof(Item)).Serialize(w, new Item { Name = \"a\" }); WriteLine(w.ToString().Contains(\"<Name>a\"));", 0, "True\n", "")]
    [InlineData("WriteLine(System.Runtime.Loader.AssemblyLoadContext.CurrentContextualReflectionContext.Name);", 0,
        "scripts\n", "")]
    [InlineData("WriteLine(1234.5.ToString(\"N1\") + (1234.5).ToString());", 0, "1,234.51234.5\n", "")]
    public async Task AScript_BehavesAsThere(string code, int exit, string output, string error)
    {
        using var folder = new TemporaryFolder();
        var result = await Run(folder, code);
        Assert.Equal((exit, output), (result.Exit, result.Out));
        Assert.Contains(error, result.Error);
        if (error.Length == 0) Assert.Equal("", result.Error);
    }

    [SkippableFact]
    public async Task ANamedCulture_CanBeUsed()
    {
        Skip.If(!Directory.Exists("/usr/lib/x86_64-linux-gnu")
            || Directory.GetFiles("/usr/lib/x86_64-linux-gnu", "libicuuc.so.*").Length == 0,
            "this machine has no ICU: apt-get install libicu72");
        using var folder = new TemporaryFolder();
        Assert.Equal("1.234,5\n",
            (await Run(folder,
            "WriteLine(1234.5.ToString(\"N1\", new System.Globalization.CultureInfo(\"de-DE\")));")).Out);
    }

    [Fact]
    public async Task ADebugBuild_DefinesDebug()
    {
        using var folder = new TemporaryFolder();
        const string Code =
            "#if DEBUG\n#load \"more.csx\"\nWriteLine(\"debug\");\n#else\nWriteLine(\"release\");\n#endif";
        folder.Write("more.csx", "WriteLine(\"more\");");
        Assert.Equal("more\ndebug\n", (await Run(folder, Code, "-c", "debug")).Out);
        Assert.Equal("release\n", (await Run(folder, Code)).Out);
    }

    [Fact]
    public async Task WhatALibraryNeeds_IsFoundBesideIt()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "lib"));
        var core = MetadataReference.CreateFromFile(typeof(object).Assembly.Location);
        var dep = Path.Combine(folder.Path, "lib", "dep.dll");
        void Compile(string name, string code, params MetadataReference[] references)
            => Assert.True(CSharpCompilation.Create(name, [CSharpSyntaxTree.ParseText(code)], [core, .. references],
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary))
                .Emit(Path.Combine(folder.Path, "lib", name + ".dll")).Success);
        Compile("dep", "public class Dep { public int X => 5; }");
        Compile("mine", "public static class Mine { public static Dep Get() => new Dep(); }",
            MetadataReference.CreateFromFile(dep));
        Assert.Equal((0, "5\n", ""), await Run(folder, "#r \"lib/mine.dll\"\nWriteLine(Mine.Get().X);"));
    }

    [Fact]
    public async Task ADamagedOrForeignCacheEntry_IsMadeAnew()
    {
        using var folder = new TemporaryFolder();
        var cache = Path.Combine(folder.Path, "cache");
        Assert.Equal("hello\n", (await Run(folder, "WriteLine(\"hello\");")).Out);
        var entry = Assert.Single(Directory.GetFiles(Path.Combine(cache, "interactive", "scripts")));
        var good = File.ReadAllBytes(entry);
        foreach (var at in new[] { 0, good.Length / 3, good.Length / 2, good.Length - 70 })
        {
            var bad = good.ToArray();
            Array.Clear(bad, at, 64);
            File.WriteAllBytes(entry, bad);
            Assert.Equal((0, "hello\n", ""), await Run(folder, "WriteLine(\"hello\");"));
            Assert.Equal(good.Length, new FileInfo(entry).Length);
        }
        // One that others may write could hold anybody's code.
        File.SetUnixFileMode(entry, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherWrite);
        Assert.Equal("hello\n", (await Run(folder, "WriteLine(\"hello\");")).Out);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(entry));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/nonexistent")]
    [InlineData(".")]
    public async Task NoCache_LiesInTheCurrentFolder(string home)
    {
        using var folder = new TemporaryFolder();
        var start = new System.Diagnostics.ProcessStartInfo("dotnet",
            [typeof(ScriptSession).Assembly.Location, "eval",
            "WriteLine(1);"])
        { WorkingDirectory = folder.Path, RedirectStandardOutput = true };
        start.Environment["HOME"] = home;
        start.Environment["XDG_CACHE_HOME"] = home == "." ? ".cache" : null;
        using var process = System.Diagnostics.Process.Start(start)!;
        Assert.Equal("1\n", await process.StandardOutput.ReadToEndAsync());
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }
}
