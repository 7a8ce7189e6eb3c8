using Interactive.Extensions.Plots;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Directives;

/// <summary>The directives that every notebook has.</summary>
public static class BuiltInDirectives
{
    /// <summary>Adds them to a session's.</summary>
    public static void AddTo(DirectiveRegistry registry)
    {
        var shared = new SharedDirective();
        LanguageDirectives.AddTo(registry);
        registry.Add(new HelpDirective(registry)).Add(shared).Add(new MpirunDirective(shared))
            .Add(new EngineDirective("plan", ["plan"], "--model resnet50 --batch 16 --image 3x64x64 --budget 50%",
            "plans a model's memory", PlanFigures.Plan))
            .Add(new EngineDirective("memory", ["bench", "memory"], "--model resnet18 --batch 8 --image 3x64x64",
            "measures a model's memory", PlanFigures.Memory))
            .Add(new ScalingDirective());
    }
}
