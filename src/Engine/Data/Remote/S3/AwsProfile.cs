namespace Interactive.Data;

/// <summary>
/// The settings of AWS's command line: a profile's lines in <c>~/.aws/credentials</c> and <c>~/.aws/config</c>.
/// </summary>
internal static class AwsProfile
{
    /// <summary>A profile's settings by name; none where no profile is asked for and none is called default.</summary>
    /// <param name="variable">Values of the environment's variables, such as <c>AWS_PROFILE</c>.</param>
    /// <exception cref="UsageException">The profile that is asked for is in no file.</exception>
    public static IReadOnlyDictionary<string, string> Read(Func<string, string?> variable)
    {
        var asked = variable("AWS_PROFILE");
        var name = asked ?? "default";
        var home = Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".aws");
        var credentials = variable("AWS_SHARED_CREDENTIALS_FILE") ?? Path.Combine(home, "credentials");
        var config = variable("AWS_CONFIG_FILE") ?? Path.Combine(home, "config");
        var found = new Dictionary<string, string>();
        var known = Add(config, name == "default" ? name : $"profile {name}", found) | Add(credentials, name, found);
        return known || asked is null ? found
            : throw new UsageException($"AWS_PROFILE={asked}: neither {credentials} nor {config} has such a profile");
    }

    private static bool Add(string path, string section, Dictionary<string, string> found)
    {
        var (known, here) = (false, false);
        foreach (var line in File.Exists(path) ? File.ReadLines(path) : [])
            if (line.StartsWith('[')) known |= here = line.Trim('[', ']', ' ', '\t') == section;
            // what is indented belongs to the setting above it, and a # begins a comment
            else if (here && line.Length > 0 && !char.IsWhiteSpace(line[0]) && line[0] is not ('#' or ';')
                && line.Split('=', 2) is [var key, var value]) found[key.Trim()] = value.Trim();
        return known;
    }
}
