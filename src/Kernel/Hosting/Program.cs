Console.WriteLine("interactive");
