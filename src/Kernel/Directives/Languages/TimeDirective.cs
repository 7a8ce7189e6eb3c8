using System.Diagnostics;
using System.Globalization;
using Interactive.Extensions.Display;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Directives;

/// <summary><c>#!time</c>: runs its cell and tells how long that took.</summary>
internal sealed class TimeDirective : IDirective
{
    public string Name => "time";
    public string Help => "#!time: runs its cell and tells how long that took";
    public bool IsListed => false;

    public async Task<object?> Run(DirectiveCall call, CancellationToken cancellationToken)
    {
        call.RefuseArguments();
        var began = Stopwatch.GetTimestamp();
        var result = await call.RunBody();
        var took = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        DisplayHost.Current.Display(MimeBundle.Plain(string.Create(CultureInfo.InvariantCulture,
            $"Wall time: {took:F1} ms")));
        return result.Error is null ? result.Value : throw result.Error;
    }
}
