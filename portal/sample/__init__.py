"""The sample year (示例年度): invented organizations, people, projects and progress around the published brands.

Everything is made by the same actions that people use, each on the day on which it would have happened.
"""
