using System.Text.Json;
using System.Text.Json.Serialization;

namespace Interactive.Extensions.Runs;

/// <summary>How rows are written as JSON: a metric that is no number is a text.</summary>
internal static class RunRowJson
{
    public static readonly JsonSerializerOptions Options =
        new(JsonSerializerDefaults.Web) { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };
}
