using System.Text.RegularExpressions;
using Interactive.Kernel.Hosting;
using Interactive.Kernel.Scripting;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Hosting;

/// <summary>
/// What scripts may rely on: dotnet-script's manners. Each row: name, script, expected stdout, a pattern of stderr,
/// exit code.
/// </summary>
[Collection(ProcessWide.Name)]
public sealed class ScriptTableTests
{
    private const string Silent = "^$";

    public static TheoryData<string, string, string, string, int> Table => new()
    {
        { "hello", "Console.WriteLine(\"hello\");", "hello\n", Silent, 0 },
        { "static console", "WriteLine(1); Write(2);", "1\n2", Silent, 0 },
        { "empty", "", "", Silent, 0 },
        { "comment only", "// nothing", "", Silent, 0 },
        { "shebang", "#!/usr/bin/env dotnet-script\nWriteLine(\"s\");", "s\n", Silent, 0 },
        { "args", "WriteLine(string.Join(\",\", Args));", "a,b c,--x\n", Silent, 0 },
        { "args count", "return Args.Count;", "", Silent, 3 },
        { "args are a list", "IList<string> a = Args; WriteLine(a.IndexOf(\"--x\"));", "2\n", Silent, 0 },
        { "print", "Print(\"q\"); Print(new[] { 1, 2 }); Print(null);", "\"q\"\nint[2] { 1, 2 }\nnull\n", Silent, 0 },
        { "return", "return 42;", "", Silent, 42 },
        { "return zero", "return 0;", "", Silent, 0 },
        { "last expression", "7", "", Silent, 7 },
        { "return from await", "await Task.Yield(); return 5;", "", Silent, 5 },
        { "early return", "if (Args.Count > 0) return 9; WriteLine(\"no\"); return 0;", "", Silent, 9 },
        { "environment exit code", "Environment.ExitCode = 6;", "", Silent, 6 },
        { "stderr", "Console.Error.WriteLine(\"e\");", "", "^e\n$", 0 },
        { "throw", "WriteLine(1);\n\nthrow new InvalidOperationException(\"boom\");", "1\n", "^System.InvalidOperationException: boom\n   at .*main.csx:line 3\n$", 1 },
        { "throw in method", "void F()\n{\n  throw new Exception(\"deep\");\n}\nF();", "", "deep\n.*main.csx:line 3\n.*main.csx:line 5\n$", 1 },
        { "throw after await", "await Task.Delay(1);\nthrow new Exception(\"late\");", "", "late\n.*main.csx:line 2\n$", 1 },
        { "throw in async method", "async Task F()\n{\n  await Task.Yield();\n  throw new Exception(\"a\");\n}\nawait F();", "", "line 4\n(.*\n)*.*line 6\n$", 1 },
        { "inner exception", "try { int.Parse(\"x\"); } catch (Exception e) { throw new Exception(\"outer\", e); }", "", "outer\n(.*\n)*.*FormatException", 1 },
        { "throw in loaded file", "#load \"fails.csx\"\nFail();", "", "lost\n.*fails.csx:line 2\n.*main.csx:line 2", 1 },
        { "an exception without a message", "class Odd : Exception { public override string Message => throw new Exception(); }\nthrow new Odd();", "", "^Odd: \\(its Message threw Exception\\)\n", 1 },
        { "null reference", "string s = null; WriteLine(s.Length);", "", "System.NullReferenceException", 1 },
        { "compile error", "WriteLine(1);\nint x = \"no\";", "", "main.csx\\(2,9\\): error CS0029", 1 },
        { "two compile errors", "x();\ny();", "", "\\(1,1\\).*\n.*\\(2,1\\)", 1 },
        { "syntax error", "for (", "", "error CS", 1 },
        { "load", "#load \"twice.csx\"\nWriteLine(Twice(4));", "8\n", Silent, 0 },
        { "load runs code", "#load \"says.csx\"\nWriteLine(\"main\");", "loaded\nmain\n", Silent, 0 },
        { "load once", "#load \"says.csx\"\n#load \"says.csx\"\nWriteLine(1);", "loaded\n1\n", Silent, 0 },
        { "load nested", "#load \"sub/outer.csx\"\nWriteLine(Outer());", "inner\n", Silent, 0 },
        { "load missing", "#load \"nowhere.csx\"", "", "main.csx\\(1,1\\): error: #load \"nowhere.csx\": no such file", 1 },
        { "load cycle", "#load \"cycle.csx\"\nWriteLine(\"end\");", "end\n", Silent, 0 },
        { "reference framework", "#r \"System.Net.Http\"\nWriteLine(typeof(System.Net.Http.HttpClient).Name);", "HttpClient\n", Silent, 0 },
        { "reference missing", "\n#r \"nowhere.dll\"", "", "main.csx\\(2,1\\): error: #r \"nowhere.dll\": no such file", 1 },
        { "reference bad package", "#r \"nuget:\"", "", "#r \"nuget: Id, Version\"", 1 },
        { "conditional directive", "#if NEVER\n#load \"nowhere.csx\"\n#r \"nowhere.dll\"\n#endif\nWriteLine(1);", "1\n", Silent, 0 },
        { "directive in string", "WriteLine(@\"\n  #x\");", "\n  #x\n", Silent, 0 },
        { "usings", "WriteLine(new StringBuilder(\"sb\").Append(Enumerable.Range(0, 3).Sum())); WriteLine(Path.GetFileName(\"/a/b\")); new Stopwatch(); dynamic d = new ExpandoObject(); d.x = 1; WriteLine(d.x);", "sb3\nb\n1\n", Silent, 0 },
        { "classes and records", "record P(int X); class C { public P Q => new(3); }\nWriteLine(new C().Q);", "P { X = 3 }\n", Silent, 0 },
        { "generic method", "T Id<T>(T x) => x; WriteLine(Id(2) + Id(\"s\"));", "2s\n", Silent, 0 },
        { "extension method", "static string Shout(this string s) => s + \"!\";\nWriteLine(\"a\".Shout());", "a!\n", Silent, 0 },
        { "use before declaration", "WriteLine(F()); int F() => 4;", "4\n", Silent, 0 },
        { "unsafe", "unsafe { int x = 3; int* p = &x; WriteLine(*p); }", "3\n", Silent, 0 },
        { "script path", "static string Here([System.Runtime.CompilerServices.CallerFilePath] string p = null) => p;\nWriteLine(Path.GetFileName(Here()));", "main.csx\n", Silent, 0 },
        { "working folder stays", "WriteLine(Directory.GetCurrentDirectory() == Environment.CurrentDirectory);", "True\n", Silent, 0 },
        { "engine at hand", "using Interactive.Graphs;\nWriteLine(new Shape(3, 4));", "3x4\n", Silent, 0 },
        { "bad input of the engine", "throw new Interactive.UsageException(\"epochs: got -1, at least 1\");", "", "^interactive: epochs: got -1, at least 1\n$", 2 },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void Script_BehavesAsItsRow(string name, string code, string output, string error, int exit)
    {
        using var folder = new TemporaryFolder();
        folder.Write("twice.csx", "int Twice(int x) => 2 * x;");
        folder.Write("says.csx", "WriteLine(\"loaded\");");
        folder.Write("fails.csx", "void Fail()\n  => throw new Exception(\"lost\");");
        folder.Write("cycle.csx", "#load \"cycle.csx\"");
        folder.Write("sub/outer.csx", "#load \"inner.csx\"\nstring Outer() => Inner();");
        folder.Write("sub/inner.csx", "string Inner() => \"inner\";");
        var path = folder.Write("main.csx", code);
        foreach (var round in new[] { "compiled", "from the cache" })
        {
            var result = Run(path);
            Assert.Equal((name, round, output, exit), (name, round, result.Out, result.Exit));
            Assert.Matches(new Regex(error), result.Error);
        }
    }

    private static (int Exit, string Out, string Error) Run(string path)
        => CapturedConsole.Run(()
        => CommandLine.Guard(() => ScriptHost.Run(ScriptFile.Open(path), ["a", "b c", "--x"])));
}
