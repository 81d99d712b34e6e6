"""What a person is shown: tables, pages, progress, lists, figures. Nothing here simulates."""
