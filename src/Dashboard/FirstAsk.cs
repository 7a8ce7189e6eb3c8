using System.Net;

namespace Interactive.Dashboard;

/// <summary>
/// Asks once for what a browser asks first, while the browser starts: code is compiled and the list is read by then.
/// </summary>
internal static class FirstAsk
{
    /// <summary>The page, the newest run with its curves, and the list. What fails here is told to whoever asks for it.</summary>
    /// <param name="address">As it is printed, with its token.</param>
    /// <param name="newest">A run's folder name, or null where there is none.</param>
    /// <returns>What was answered, as far as it came.</returns>
    public static async Task<IReadOnlyList<HttpStatusCode>> Ask(Uri address, string? newest)
    {
        using var client = new HttpClient(); // it keeps the cookie that a token becomes
        var run = newest is null ? null : Uri.EscapeDataString(newest);
        string?[] asked = ["", "api/folder", run is null ? null : $"api/curves?run={run}&as=bytes",
            run is null ? null : $"api/runs/{run}", "api/runs"];
        var answers = new List<HttpStatusCode>();
        try
        {
            foreach (var at in asked.OfType<string>().Select(path => new Uri(address, $"/{path}")).Prepend(address))
                using (var answer = await client.GetAsync(at)) answers.Add(answer.StatusCode);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException) { }
        return answers;
    }
}
