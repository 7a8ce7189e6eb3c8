using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace Interactive.Kernel.Tests.DotnetInteractive;

/// <summary>
/// The part of Microsoft.DotNet.Interactive that extension.dib calls, as its public documentation describes it. The real
/// package does not restore, so this tells only that the script is consistent with what is written about it.
/// </summary>
internal static class StandIn
{
    private const string Source = """
        using System;
        using System.Collections.Generic;
        using System.Threading.Tasks;

        namespace Microsoft.DotNet.Interactive
        {
            public sealed class ShownValue
            {
                public object Value;
                public void Update(object value) => Value = value;
            }
            public sealed class KernelInvocationContext
            {
                public static KernelInvocationContext Current { get; } = new();
                public List<ShownValue> Shown { get; } = new();
            }
            public static class KernelInvocationContextExtensions
            {
                public static ShownValue Display(this KernelInvocationContext context, object value, params string[] mimeTypes)
                {
                    var shown = new ShownValue { Value = value };
                    context.Shown.Add(shown);
                    return shown;
                }
            }
            public sealed class Kernel
            {
                public static Kernel Root { get; } = new();
                public Dictionary<string, (Directives.KernelActionDirective Directive, Delegate Handler)> Known { get; } = new();
                public void AddDirective<T>(Directives.KernelActionDirective directive, Func<T, KernelInvocationContext, Task> handler) where T : Commands.KernelCommand
                    => Known[directive.Name] = (directive, handler);
            }
        }
        namespace Microsoft.DotNet.Interactive.Commands
        {
            public abstract class KernelCommand { }
        }
        namespace Microsoft.DotNet.Interactive.Directives
        {
            public sealed class KernelActionDirective
            {
                public KernelActionDirective(string name) => Name = name;
                public string Name { get; }
                public string Description { get; set; }
                public ICollection<KernelDirectiveParameter> Parameters { get; } = new List<KernelDirectiveParameter>();
            }
            public sealed class KernelDirectiveParameter
            {
                public KernelDirectiveParameter(string name, string description = null) => Name = name;
                public string Name { get; }
            }
        }
        """;

    /// <summary>Compiles it into a folder and returns the assembly's path.</summary>
    public static string Compile(string folder)
    {
        var framework = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        var references = new[] { "System.Private.CoreLib.dll", "System.Runtime.dll", "System.Collections.dll" }.Select(f => MetadataReference.CreateFromFile(Path.Combine(framework, f)));
        var path = Path.Combine(folder, "Microsoft.DotNet.Interactive.dll");
        var result = CSharpCompilation.Create("Microsoft.DotNet.Interactive", [CSharpSyntaxTree.ParseText(Source)], references, new(OutputKind.DynamicallyLinkedLibrary)).Emit(path);
        Assert.True(result.Success, string.Join("\n", result.Diagnostics));
        return path;
    }
}
