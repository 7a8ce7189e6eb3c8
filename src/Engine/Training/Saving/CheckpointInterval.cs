using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Interactive.Runtime;

namespace Interactive.Training;

/// <summary>
/// How often a run saves besides the ends of its epochs: after so many steps (<c>200</c>; <c>0</c>: never), after so much time
/// (<c>10min</c>), or <c>auto</c>: as often as is best (Daly, 2006) for what a save costs and how often a failure is expected.
/// </summary>
[JsonConverter(typeof(Json))]
public readonly record struct CheckpointInterval
{
    private CheckpointInterval(long steps, TimeSpan? time, bool isAuto) => (Steps, Time, IsAuto) = (steps, time, isAuto);

    /// <summary>Steps between saves; 0 where time counts, or never.</summary>
    public long Steps { get; }
    /// <summary>Time between saves; null where steps count.</summary>
    public TimeSpan? Time { get; }
    /// <summary>Chosen while the run goes on.</summary>
    public bool IsAuto { get; }

    /// <summary>The choice by cost and failures.</summary>
    public static CheckpointInterval Auto { get; } = new(0, null, true);

    /// <summary>So many steps; 0 for never.</summary>
    /// <exception cref="UsageException">Fewer than none.</exception>
    public static implicit operator CheckpointInterval(long steps) => steps >= 0 ? new(steps, null, false) : throw Refusal(steps.ToString(CultureInfo.InvariantCulture));

    /// <summary>So much time.</summary>
    public static implicit operator CheckpointInterval(TimeSpan time) => time > TimeSpan.Zero ? new(0, time, false) : throw Refusal(time.ToString());

    /// <summary>Reads a number of steps, a time with its unit, or auto.</summary>
    /// <exception cref="UsageException">It is none of them.</exception>
    public static CheckpointInterval Parse(string text)
        => text == "auto" ? Auto
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var steps) ? steps
        : Duration.TryParse(text) is { } duration ? duration.Span
        : throw Refusal(text);

    /// <summary>
    /// The time between saves that loses least, for saves that block for <paramref name="blocking"/> and failures that come every
    /// <paramref name="betweenFailures"/> on the average (Daly, 2006, the expansion of second order).
    /// </summary>
    internal static TimeSpan Daly(TimeSpan blocking, TimeSpan betweenFailures)
    {
        var (delta, mean) = (blocking.TotalSeconds, betweenFailures.TotalSeconds);
        if (delta >= 2 * mean) return betweenFailures;
        var ratio = delta / (2 * mean);
        return TimeSpan.FromSeconds(Math.Sqrt(2 * delta * mean) * (1 + Math.Sqrt(ratio) / 3 + ratio / 9) - delta);
    }

    private static UsageException Refusal(string text) => new($"'{text}' is no interval: give a number of steps (0 for never), a time such as 10min, or auto");

    /// <inheritdoc/>
    public override string ToString() => IsAuto ? "auto" : Time is { } time ? new Duration(time).ToString() : Steps.ToString(CultureInfo.InvariantCulture);

    // In a run's config.json as on the command line.
    private sealed class Json : JsonConverter<CheckpointInterval>
    {
        public override CheckpointInterval Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
            => reader.TokenType == JsonTokenType.Number ? reader.GetInt64() : Parse(reader.GetString()!);

        public override void Write(Utf8JsonWriter writer, CheckpointInterval value, JsonSerializerOptions options)
        {
            if (value.IsAuto || value.Time is not null) writer.WriteStringValue(value.ToString());
            else writer.WriteNumberValue(value.Steps);
        }
    }
}
