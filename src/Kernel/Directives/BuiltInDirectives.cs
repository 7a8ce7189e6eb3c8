using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Directives;

/// <summary>The directives that every notebook has.</summary>
public static class BuiltInDirectives
{
    /// <summary>Adds them to a session's.</summary>
    public static void AddTo(DirectiveRegistry registry)
    {
        var shared = new SharedDirective();
        registry.Add(new HelpDirective(registry)).Add(shared).Add(new MpirunDirective(shared));
    }
}
