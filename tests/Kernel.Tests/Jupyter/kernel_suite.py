"""Jupyter's own kernel test suite, run against the installed kernel."""
import unittest

import jupyter_kernel_test


class InteractiveKernelTests(jupyter_kernel_test.KernelTests):
    kernel_name = "interactive"
    language_name = "C#"
    file_extension = ".csx"
    code_hello_world = 'Console.WriteLine("hello, world");'
    code_stderr = 'Console.Error.WriteLine("oops");'
    completion_samples = [
        {"text": "Console.WriteLi", "matches": {"WriteLine"}},
        {"text": "Math.Sqr", "matches": {"Sqrt"}},
        {"text": "foreac", "matches": {"foreach"}},
        {"text": "zzz", "matches": set()},
    ]
    complete_code_samples = ["1", "var x = 3;", 'Console.WriteLine("a");', "int F(int n)\n{\n    return n;\n}"]
    incomplete_code_samples = ["1 +", "if (true)\n{", "int F(int n) {", "/* open"]
    invalid_code_samples = ["}", "var x = 3 3;"]
    code_generate_error = 'throw new Exception("failed");'
    code_execute_result = [
        {"code": "1 + 2 + 3", "result": "6"},
        {"code": 'string.Join(",", Enumerable.Range(1, 3))', "result": "1,2,3"},
        {"code": "await Task.FromResult(7)", "result": "7"},
    ]
    code_display_data = [{
        "code": 'Interactive.Extensions.Display.DisplayHost.Current.Display(Interactive.Extensions.Display.MimeBundle.Plain("shown"));',
        "mime": "text/plain",
    }]
    code_history_pattern = "1 + 2*"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "Console.WriteLine"
    code_clear_output = "Interactive.Extensions.Display.DisplayHost.Current.Clear(false);"


if __name__ == "__main__":
    unittest.main(verbosity=2)
