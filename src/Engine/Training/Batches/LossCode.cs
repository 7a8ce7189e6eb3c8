using System.Reflection;
using Interactive.Execution;
using Interactive.Graphs;
using TorchSharp;

namespace Interactive.Training;

/// <summary>What the code of a loss calls that TorchSharp 0.107 computes otherwise than it seems.</summary>
internal static class LossCode
{
    private const int Deep = 4; // functions that functions hold

    /// <summary>What to tell before the first step; null where nothing is known.</summary>
    public static string? Caution(IObjective objective)
    {
        var types = new HashSet<Type>();
        var names = new HashSet<string>();
        if (objective is FunctionObjective { Function: { } function }) Look(function, Deep, types, names);
        return types.Contains(typeof(TorchSharp.Modules.GaussianNLLLoss)) || names.Contains("gaussian_nll_loss")
            ? $"caution: {objective.Called()} uses TorchSharp's Gaussian likelihood, which gives the variance no gradient, so nothing learns it, and sums over columns: write 0.5 * (v.log() + (y - mean).square() / v).mean(), v the variance, at least 1e-6"
            : null;
    }

    // Of a function the code, and what it holds: TorchSharp's layers, and functions that it calls.
    private static void Look(Delegate function, int deep, HashSet<Type> types, HashSet<string> names)
    {
        foreach (var (_, member) in MethodCode.Members(function.Method))
            if (member is FieldInfo field) types.Add(field.FieldType);
            else if (member is MethodBase { DeclaringType: { } of } method && of.Assembly == typeof(torch).Assembly)
            {
                names.Add(method.Name);
                types.Add(of);
            }
        if (function.Target is not { } target || deep == 0) return;
        types.Add(target.GetType());
        if (ForwardCode.IsOfRuntime(target.GetType()) || target is torch.nn.Module) return;
        foreach (var held in target.GetType().GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic))
            if (typeof(Delegate).IsAssignableFrom(held.FieldType) && held.GetValue(target) is Delegate inner && inner != function) Look(inner, deep - 1, types, names);
    }
}
